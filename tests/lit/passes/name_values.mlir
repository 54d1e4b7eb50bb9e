// RUN: qcc-opt %s -p name-values | filecheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32>) -> tensor<4xf32> attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK-NEXT: nn.exp %x {tensor = "known"}
  %a = nn.exp %x {tensor = "known"} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: nn.exp %{{.*}} {tensor = "node"}
  %b = nn.exp %a : (tensor<4xf32>) -> tensor<4xf32> loc("node")
  // CHECK-NEXT: nn.exp %{{.*}} {tensor = "node_0"}
  %c = nn.exp %b : (tensor<4xf32>) -> tensor<4xf32> loc("node")
  // CHECK-NEXT: nn.relu %{{.*}} {tensor = "relu_0"}
  %d = nn.relu %c : (tensor<4xf32>) -> tensor<4xf32>
  func.return %d : tensor<4xf32>
}
