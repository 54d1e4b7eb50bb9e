// RUN: qcc-opt %s -p cse | filecheck %s

// CHECK-LABEL: func.func @tensor_names_do_not_matter(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "a"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @tensor_names_do_not_matter(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x {tensor = "a"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.tanh %x {tensor = "b"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.add %0, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @constants(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @constants(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %3 = nn.add %1, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// equal operands first
// CHECK-LABEL: func.func @chains(
// CHECK-NEXT: %{{.*}} = nn.exp %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @chains(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.relu %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.relu %2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.add %1, %3 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %4 : tensor<2x3xf32>
}

// alpha differs
// CHECK-LABEL: func.func @other_properties(
// CHECK-NEXT: %{{.*}} = nn.elu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.elu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @other_properties(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.elu %x {alpha = 5.000000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.elu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.add %0, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// the first has no name and takes the other's
// CHECK-LABEL: func.func @keeps_a_name(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "b"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<2x3xf32>
func.func @keeps_a_name(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.tanh %x {tensor = "b"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}
