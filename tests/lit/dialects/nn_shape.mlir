// RUN: QCC_ROUNDTRIP

// Ops that move elements take quantized ones too.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x3x4x4xf32>, %q: tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) {
  // CHECK-NEXT: %{{.*}} = nn.reshape %{{.*}} : (tensor<1x3x4x4xf32>) -> tensor<3x16xf32>
  %0 = nn.reshape %x : (tensor<1x3x4x4xf32>) -> tensor<3x16xf32>
  // CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x3xf32>
  %1 = nn.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x3xf32>
  // CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {permutation = array<i64: 1, 0>} : (tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
  %2 = nn.transpose %q {permutation = array<i64: 1, 0>} : (tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
  // CHECK-NEXT: %{{.*}} = nn.concat %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x9x4x4xf32>
  %3 = nn.concat %x, %x, %x {axis = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x9x4x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.slice %{{.*}} {starts = array<i64: 0, 2, 1, 0>, steps = array<i64: 1, -1, 2, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x2x4xf32>
  %4 = nn.slice %x {starts = array<i64: 0, 2, 1, 0>, steps = array<i64: 1, -1, 2, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x2x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 0, 1, 2>, after = array<i64: 0, 0, 0, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x5x7xf32>
  %5 = nn.pad %x {before = array<i64: 0, 0, 1, 2>, after = array<i64: 0, 0, 0, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x5x7xf32>
  // CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 0, 3, 2>, after = array<i64: 0, 0, 0, 1>, mode = "reflect"} : (tensor<1x3x4x4xf32>) -> tensor<1x3x7x7xf32>
  %6 = nn.pad %x {before = array<i64: 0, 0, 3, 2>, after = array<i64: 0, 0, 0, 1>, mode = "reflect"} : (tensor<1x3x4x4xf32>) -> tensor<1x3x7x7xf32>
  // CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 0, 0, 0>, after = array<i64: 0, 1, 0, 0>, value = 2.500000e+00 : f32} : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x4xf32>
  %7 = nn.pad %x {before = array<i64: 0, 0, 0, 0>, after = array<i64: 0, 1, 0, 0>, value = 2.500000e+00 : f32} : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.expand %{{.*}} : (tensor<1x3x4x4xf32>) -> tensor<5x3x4x4xf32>
  %8 = nn.expand %x : (tensor<1x3x4x4xf32>) -> tensor<5x3x4x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.cast %{{.*}} : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xi64>
  %9 = nn.cast %x : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xi64>
  // CHECK-NEXT: %{{.*}} = nn.resize %{{.*}} {sizes = array<i64: 8, 6>, scales = array<f32: 2.000000e+00, 1.500000e+00>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x8x6xf32>
  %10 = nn.resize %x {sizes = array<i64: 8, 6>, scales = array<f32: 2.000000e+00, 1.500000e+00>} : (tensor<1x3x4x4xf32>) -> tensor<1x3x8x6xf32>
  // CHECK-NEXT: %{{.*}} = nn.resize %{{.*}} {sizes = array<i64: 8, 3>, scales = array<f32: 2.000000e+00, 1.000000e+00>, mode = "linear", coordinates = "align_corners", nearest_mode = "floor", layout = "NHWC"} : (tensor<1x3x4x4xf32>) -> tensor<1x8x3x4xf32>
  %11 = nn.resize %x {sizes = array<i64: 8, 3>, scales = array<f32: 2.000000e+00, 1.000000e+00>, mode = "linear", coordinates = "align_corners", nearest_mode = "floor", layout = "NHWC"} : (tensor<1x3x4x4xf32>) -> tensor<1x8x3x4xf32>
  func.return
}
