// RUN: qcc-opt %s -p 'apply-rules{files="%S/Inputs/user.rules"}' | filecheck %s
// RUN: qcc-opt %s -p 'apply-rules{files="%S/Inputs/user.rules" built-in=false}' | filecheck %s --check-prefix=USER

// CHECK-LABEL: func.func @double(
// CHECK-NEXT: %{{.*}} = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
// CHECK-NEXT: func.return
func.func @double(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = nn.add %x, %x {tensor = "y"} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @smooth_elu(
// CHECK-NEXT: %{{.*}} = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul
// CHECK-NEXT: %{{.*}} = nn.leaky_relu %{{.*}} {alpha = 1.250000e-01 : f32}
func.func @smooth_elu(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = nn.constant dense<3.0> : tensor<f32> -> tensor<f32>
  %0 = nn.mul %x, %c : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %y = nn.elu %0 {alpha = 0.25 : f32} : (tensor<3xf32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// built-in rules only where they are wanted
// CHECK-LABEL: func.func @silu(
// CHECK-NEXT: %{{.*}} = nn.silu
// USER-LABEL: func.func @silu(
// USER-NEXT: %{{.*}} = nn.sigmoid
// USER-NEXT: %{{.*}} = nn.mul
func.func @silu(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = nn.sigmoid %x : (tensor<3xf32>) -> tensor<3xf32>
  %1 = nn.mul %0, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return %1 : tensor<3xf32>
}
