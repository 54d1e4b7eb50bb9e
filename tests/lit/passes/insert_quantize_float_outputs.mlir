// RUN: qcc-opt %s -p 'insert-quantize{float_outputs=true}' | filecheck %s

// The last product, also behind data movement, stays float; the sum before does not.
// CHECK-LABEL: @model
func.func @model(%x: tensor<1x4xf32> {range = array<f32: -1.0, 1.55>}) -> tensor<4x1xf32> attributes {input_names = ["x"]} {
  // CHECK-NEXT: quant.qcast %x
  // CHECK-NEXT: [[X:%.*]] = quant.dcast
  // CHECK-NEXT: [[S:%.*]] = nn.add [[X]], [[X]]
  // CHECK-NEXT: [[Q:%.*]] = quant.qcast [[S]]
  // CHECK-NEXT: [[D:%.*]] = quant.dcast [[Q]]
  %0 = nn.add %x, %x {tensor = "sum", range = array<f32: -2.0, 3.1>} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: [[L:%.*]] = nn.mul [[D]], %x
  %1 = nn.mul %0, %x {tensor = "last", range = array<f32: -4.0, 5.0>} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: [[T:%.*]] = nn.transpose [[L]]
  %2 = nn.transpose %1 {permutation = array<i64: 1, 0>, range = array<f32: -4.0, 5.0>} : (tensor<1x4xf32>) -> tensor<4x1xf32>
  // CHECK-NEXT: func.return [[T]]
  func.return %2 : tensor<4x1xf32>
}
