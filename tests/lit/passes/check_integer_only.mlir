// RUN: not qcc-opt %s -p check-integer-only 2>&1 | filecheck %s

// Casts of inputs and outputs may stay, the exponential may not.
// CHECK: 2 operation(s) would run in float
// CHECK: why: nn.equal (node "compare"); nn.where
func.func @model(%x: tensor<4xf32>) -> tensor<4xf32> attributes {input_names = ["x"]} {
  %0 = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>
  %1 = quant.clamp %0 {minimum = 0 : i64} : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>
  %2 = quant.dcast %1 : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>
  %3 = nn.equal %2, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1> loc("compare")
  %4 = nn.where %3, %2, %2 : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %4 : tensor<4xf32>
}
