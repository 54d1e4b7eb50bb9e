// RUN: QCC_ROUNDTRIP

// Reductions keep the reduced axes with size 1.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<2x4x9xf32>, %q: tensor<2x4x!quant.uniform<i8:f32, 0.5:3>>, %i: tensor<2x4xi64>) {
  // CHECK-NEXT: %{{.*}} = nn.reduce_mean %{{.*}} {axes = array<i64: 1, 2>} : (tensor<2x4x9xf32>) -> tensor<2x1x1xf32>
  %0 = nn.reduce_mean %x {axes = array<i64: 1, 2>} : (tensor<2x4x9xf32>) -> tensor<2x1x1xf32>
  // CHECK-NEXT: %{{.*}} = nn.reduce_sum %{{.*}} {axes = array<i64: 0>} : (tensor<2x4xi64>) -> tensor<1x4xi64>
  %1 = nn.reduce_sum %i {axes = array<i64: 0>} : (tensor<2x4xi64>) -> tensor<1x4xi64>
  // CHECK-NEXT: %{{.*}} = nn.reduce_prod %{{.*}} {axes = array<i64: 2>} : (tensor<2x4x9xf32>) -> tensor<2x4x1xf32>
  %2 = nn.reduce_prod %x {axes = array<i64: 2>} : (tensor<2x4x9xf32>) -> tensor<2x4x1xf32>
  // CHECK-NEXT: %{{.*}} = nn.reduce_sum_square %{{.*}} {axes = array<i64>} : (tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
  %3 = nn.reduce_sum_square %x {axes = array<i64>} : (tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
  // CHECK-NEXT: %{{.*}} = nn.reduce_max %{{.*}} {axes = array<i64: 1>} : (tensor<2x4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<2x1x!quant.uniform<i8:f32, 0.5:3>>
  %4 = nn.reduce_max %q {axes = array<i64: 1>} : (tensor<2x4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<2x1x!quant.uniform<i8:f32, 0.5:3>>
  // CHECK-NEXT: %{{.*}} = nn.reduce_min %{{.*}} {axes = array<i64: 0, 1, 2>} : (tensor<2x4x9xf32>) -> tensor<1x1x1xf32>
  %5 = nn.reduce_min %x {axes = array<i64: 0, 1, 2>} : (tensor<2x4x9xf32>) -> tensor<1x1x1xf32>
  func.return
}
