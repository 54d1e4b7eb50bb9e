// RUN: not qcc-opt %s -p 'analyze-ranges{input-ranges="x=0:1"}' 2>&1 | filecheck %s

// CHECK: a range is missing
// CHECK-NEXT: op: nn.add
// CHECK-NEXT: tensor: sum
// CHECK-NEXT: why: calibration has not seen this tensor
func.func @model(%x: tensor<4xf32>) -> tensor<4xf32> attributes {input_names = ["x"]} {
  %0 = nn.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.tanh %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.add %0, %1 {tensor = "sum"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}
