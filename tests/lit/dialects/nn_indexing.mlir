// RUN: QCC_ROUNDTRIP

// Ops of indices.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<2x3x4xf32>, %i: tensor<5x6xi64>, %q: tensor<2x3x!quant.uniform<i8:f32, 0.5:3>>) {
  // CHECK-NEXT: %{{.*}} = nn.gather %{{.*}}, %{{.*}} : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<5x6x3x4xf32>
  %0 = nn.gather %x, %i : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<5x6x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.gather %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<2x5x6x4xf32>
  %1 = nn.gather %x, %i {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<2x5x6x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.one_hot %{{.*}} {axis = 2 : i64, depth = 7 : i64} : (tensor<5x6xi64>) -> tensor<5x6x7xf32>
  %2 = nn.one_hot %i {axis = 2 : i64, depth = 7 : i64} : (tensor<5x6xi64>) -> tensor<5x6x7xf32>
  // CHECK-NEXT: %{{.*}} = nn.one_hot %{{.*}} {axis = 0 : i64, depth = 7 : i64, on = 5.000000e+00 : f32, off = -1.000000e+00 : f32} : (tensor<5x6xi64>) -> tensor<7x5x6xf32>
  %3 = nn.one_hot %i {axis = 0 : i64, depth = 7 : i64, on = 5.000000e+00 : f32, off = -1.000000e+00 : f32} : (tensor<5x6xi64>) -> tensor<7x5x6xf32>
  // CHECK-NEXT: %{{.*}} = nn.arg_max %{{.*}} {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x1x4xi64>
  %4 = nn.arg_max %x {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x1x4xi64>
  // CHECK-NEXT: %{{.*}} = nn.arg_max %{{.*}} {axis = 0 : i64, select_last_index} : (tensor<2x3x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<1x3xi64>
  %5 = nn.arg_max %q {axis = 0 : i64, select_last_index} : (tensor<2x3x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<1x3xi64>
  func.return
}
