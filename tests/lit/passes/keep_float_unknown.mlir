// RUN: qcc-opt %s --verify-diagnostics -p 'keep-float{names=conv_7}' | filecheck %s

// CHECK: there is no operation 'conv_7' to keep in float
// CHECK: remedy: for example: conv_1
func.func @model(%x: tensor<4xf32>) -> tensor<4xf32> attributes {input_names = ["x"]} {
  %0 = nn.neg %x {tensor = "conv_1"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
