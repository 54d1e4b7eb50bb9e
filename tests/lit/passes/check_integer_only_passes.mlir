// RUN: qcc-opt %s -p check-integer-only | filecheck %s

// CHECK: quant.clamp
func.func @model(%x: tensor<4xf32>) -> tensor<4xf32> attributes {input_names = ["x"]} {
  %0 = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>
  %1 = quant.clamp %0 {minimum = 0 : i64} : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>>
  %2 = quant.dcast %1 : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}
