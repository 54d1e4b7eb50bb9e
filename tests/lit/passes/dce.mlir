// RUN: qcc-opt %s -p dce | filecheck %s

// also when a dead op is the only user of another one
// CHECK-LABEL: func.func @dead_ops(
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @dead_ops(%x: tensor<2x3xf32>, %y: tensor<4xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.exp %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.relu %x {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}
