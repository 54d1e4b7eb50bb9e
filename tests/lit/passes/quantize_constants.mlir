// RUN: qcc-opt %s -p quantize-constants | filecheck %s

// CHECK-LABEL: @constant
func.func @constant() -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {0.5:0, 0.25:0}>> {
  // Ties go to even: 0.25 / 0.5 -> 0, 0.75 / 0.5 -> 2; 1000 saturates.
  // CHECK-NEXT: nn.constant dense<[[0, 2], [127, 0]]> : tensor<2x2xi8> {tensor = "w"} -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {0.5:0, 0.25:0}>>
  %w = nn.constant dense<[[0.25, 0.75], [1000.0, -0.125]]> : tensor<2x2xf32> {tensor = "w"} -> tensor<2x2xf32>
  %0 = quant.qcast %w {tensor = "w"} : (tensor<2x2xf32>) -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {0.5:0, 0.25:0}>>
  func.return %0 : tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {0.5:0, 0.25:0}>>
}

// CHECK-LABEL: @transposed
func.func @transposed() -> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>> {
  // CHECK-NEXT: nn.constant dense<[[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8> -> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
  %w = nn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> -> tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>
  %0 = nn.transpose %w {permutation = array<i64: 1, 0>} : (tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
  func.return %0 : tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
}

// CHECK-LABEL: @reshaped
func.func @reshaped() -> tensor<2x1x3x1xf32> {
  // CHECK-NEXT: nn.constant dense<[{{.*}}]> : tensor<2x1x3x1xi8> -> tensor<2x1x3x1x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>
  // CHECK-NEXT: quant.dcast
  %w = nn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> -> tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>
  %0 = quant.dcast %w : (tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<2x3xf32>
  %1 = nn.reshape %0 : (tensor<2x3xf32>) -> tensor<2x1x3x1xf32>
  func.return %1 : tensor<2x1x3x1xf32>
}
