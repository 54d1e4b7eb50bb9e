// RUN: QCC_ROUNDTRIP

// Softmax and normalizations; segments only where operands are no prefix.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<2x3x4xf32>, %s: tensor<4xf32>, %c: tensor<3xf32>) {
  // CHECK-NEXT: %{{.*}} = nn.softmax %{{.*}} {axis = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %0 = nn.softmax %x {axis = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {axis = 1 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = nn.layer_norm %x {axis = 1 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %2 = nn.layer_norm %x, %s {axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %3 = nn.layer_norm %x, %s, %s {axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}} {operandSegmentSizes = array<i32: 1, 0, 1>, axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %4 = nn.layer_norm %x, %s {operandSegmentSizes = array<i32: 1, 0, 1>, axis = 2 : i64, epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK-NEXT: %{{.*}} = nn.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  %5 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 5.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  func.return
}
