// RUN: qcc-opt %s -p correct-bias --ranges %S/Inputs/refinements.json --split-input-file | filecheck %s

!w = !quant.uniform<i8<-127:127>:f32:0, {0.015625:0}>

// 1.0 + 0.25
// CHECK-LABEL: @corrected
func.func @corrected(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: [[D:%.*]] = quant.dcast
  // CHECK-NEXT: [[B:%.*]] = nn.constant dense<1.250000e+00> : tensor<1xf32>
  // CHECK-NEXT: nn.conv2d %x, [[D]], [[B]]
  %w = nn.constant dense<[[[[64]], [[32]]]]> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!w>
  %d = quant.dcast %w : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %b = nn.constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  %0 = nn.conv2d %x, %d, %b {tensor = "corrected"} : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  func.return %0 : tensor<1x1x1x1xf32>
}

// -----

!w = !quant.uniform<i8<-127:127>:f32:0, {0.015625:0}>

// Without a bias there will be one; name and properties stay.
// CHECK-LABEL: @new_bias
func.func @new_bias(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x2x2xf32> {
  // CHECK: [[B:%.*]] = nn.constant dense<2.500000e-01> : tensor<1xf32>
  // CHECK-NEXT: nn.conv2d %x, {{%.*}}, [[B]] {tensor = "new bias", strides = array<i64: 2, 2>}
  %w = nn.constant dense<[[[[64]], [[32]]]]> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!w>
  %d = quant.dcast %w : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %d {strides = array<i64: 2, 2>, tensor = "new bias"} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x2x2xf32>
  func.return %0 : tensor<1x1x2x2xf32>
}

// -----

!w = !quant.uniform<i8<-127:127>:f32:0, {0.015625:0}>

// CHECK-LABEL: @other
func.func @other(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: nn.conv2d %x, %d {{.*}}note = "the statistics are of other weights: its bias is not corrected"
  %w = nn.constant dense<[[[[64]], [[32]]]]> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!w>
  %d = quant.dcast %w : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %d {tensor = "other"} : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  func.return %0 : tensor<1x1x1x1xf32>
}
