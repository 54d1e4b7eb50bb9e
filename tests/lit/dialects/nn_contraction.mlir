// RUN: QCC_ROUNDTRIP

// Convolutions and matrix multiplication; defaults are not printed.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x4x9x9xf32>, %l: tensor<1x9x9x4xf32>, %w: tensor<6x4x3x3xf32>, %d: tensor<4x1x3x3xf32>, %t: tensor<4x3x2x2xf32>, %b: tensor<6xf32>, %a: tensor<2x5x3xf32>, %m: tensor<3x6xf32>) {
  // CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  %0 = nn.conv2d %x, %w : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  // CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 1>, dilations = array<i64: 1, 2>} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  %1 = nn.conv2d %x, %w, %b {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 1>, dilations = array<i64: 1, 2>} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  // CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {groups = 4 : i64, layout = "NHWC"} : (tensor<1x9x9x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x7x7x4xf32>
  %2 = nn.conv2d %l, %d {groups = 4 : i64, layout = "NHWC"} : (tensor<1x9x9x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x7x7x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.conv_transpose2d %{{.*}}, %{{.*}}, %{{.*}} {strides = array<i64: 2, 2>, groups = 2 : i64, output_padding = array<i64: 1, 0>} : (tensor<1x4x9x9xf32>, tensor<4x3x2x2xf32>, tensor<6xf32>) -> tensor<1x6x19x18xf32>
  %3 = nn.conv_transpose2d %x, %t, %b {strides = array<i64: 2, 2>, groups = 2 : i64, output_padding = array<i64: 1, 0>} : (tensor<1x4x9x9xf32>, tensor<4x3x2x2xf32>, tensor<6xf32>) -> tensor<1x6x19x18xf32>
  // CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} : (tensor<2x5x3xf32>, tensor<3x6xf32>) -> tensor<2x5x6xf32>
  %4 = nn.matmul %a, %m : (tensor<2x5x3xf32>, tensor<3x6xf32>) -> tensor<2x5x6xf32>
  // CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xf32>, tensor<3x6xf32>, tensor<6xf32>) -> tensor<2x5x6xf32>
  %5 = nn.matmul %a, %m, %b : (tensor<2x5x3xf32>, tensor<3x6xf32>, tensor<6xf32>) -> tensor<2x5x6xf32>
  func.return
}
