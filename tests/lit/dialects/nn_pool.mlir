// RUN: QCC_ROUNDTRIP

// Pooling.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x4x9x9xf32>, %q: tensor<1x9x9x4x!quant.uniform<i8:f32, 0.5:3>>) {
  // CHECK-NEXT: %{{.*}} = nn.max_pool2d %{{.*}} {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x5x5xf32>
  %0 = nn.max_pool2d %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x5x5xf32>
  // CHECK-NEXT: %{{.*}} = nn.max_pool2d %{{.*}} {kernel = array<i64: 2, 2>, dilations = array<i64: 2, 2>, layout = "NHWC"} : (tensor<1x9x9x4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<1x7x7x4x!quant.uniform<i8:f32, 0.5:3>>
  %1 = nn.max_pool2d %q {kernel = array<i64: 2, 2>, dilations = array<i64: 2, 2>, layout = "NHWC"} : (tensor<1x9x9x4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<1x7x7x4x!quant.uniform<i8:f32, 0.5:3>>
  // CHECK-NEXT: %{{.*}} = nn.avg_pool2d %{{.*}} {kernel = array<i64: 2, 3>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x8x7xf32>
  %2 = nn.avg_pool2d %x {kernel = array<i64: 2, 3>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x8x7xf32>
  // CHECK-NEXT: %{{.*}} = nn.avg_pool2d %{{.*}} {kernel = array<i64: 3, 3>, pads = array<i64: 0, 1, 2, 1>, count_include_pad} : (tensor<1x4x9x9xf32>) -> tensor<1x4x9x9xf32>
  %3 = nn.avg_pool2d %x {kernel = array<i64: 3, 3>, pads = array<i64: 0, 1, 2, 1>, count_include_pad} : (tensor<1x4x9x9xf32>) -> tensor<1x4x9x9xf32>
  func.return
}
