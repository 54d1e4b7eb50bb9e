// RUN: qcc-opt %s -p quantized-io | filecheck %s
// RUN: qcc-opt %s -p 'quantized-io{type=uint8}' | filecheck %s --check-prefix=UNSIGNED

// CHECK-LABEL: func.func @model(%x: tensor<4xi8>, %f: tensor<4xf32>) -> (tensor<4xi8>, tensor<4xf32>)
// UNSIGNED-LABEL: func.func @model(%x: tensor<4xui8>, %f: tensor<4xf32>) -> (tensor<4xui8>, tensor<4xf32>)
func.func @model(%x: tensor<4xf32>, %f: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) attributes {input_names = ["x", "f"], output_names = ["y", "g"]} {
  // CHECK-NEXT: %[[Q:.*]] = quant.scast %x : (tensor<4xi8>) -> tensor<4x!quant.uniform<i8:f32, 0.5:3>>
  %q = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:3>>
  // CHECK-NEXT: %[[C:.*]] = quant.clamp %[[Q]]
  %c = quant.clamp %q {minimum = 3 : i64} : (tensor<4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<4x!quant.uniform<i8:f32, 0.5:3>>
  %y = quant.dcast %c : (tensor<4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<4xf32>
  // CHECK-NEXT: %[[G:.*]] = nn.exp %f
  %g = nn.exp %f : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %[[Y:.*]] = quant.scast %[[C]] : (tensor<4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<4xi8>
  // CHECK-NEXT: func.return {note = "output 1 stays in float"} %[[Y]], %[[G]]
  func.return %y, %g : tensor<4xf32>, tensor<4xf32>
}
