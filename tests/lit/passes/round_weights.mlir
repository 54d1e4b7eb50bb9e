// RUN: qcc-opt %s -p round-weights --ranges %S/Inputs/refinements.json --split-input-file | filecheck %s

!w = !quant.uniform<i8<-127:127>:f32:0, {0.0078125:0}>

// A scale of its own.
// CHECK-LABEL: @scales
func.func @scales(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK-NEXT: [[W:%.*]] = nn.constant dense<{{.*}}1.0{{.*}}5.0{{.*}}> : tensor<1x2x1x1xf32>
  // CHECK-NEXT: [[Q:%.*]] = quant.qcast [[W]] {{.*}}-> tensor<1x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.015625:0}>>
  // CHECK-NEXT: [[D:%.*]] = quant.dcast [[Q]]
  // CHECK-NEXT: nn.conv2d %x, [[D]]
  %w = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %q = quant.qcast %w : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!w>
  %d = quant.dcast %q : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %d {tensor = "scales"} : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  func.return %0 : tensor<1x1x1x1xf32>
}

// -----

!w = !quant.uniform<i8<-127:127>:f32:0, {0.0078125:0}>

// Integers that are not the nearest: 1.0 becomes 63 / 64, 0.5 becomes 33 / 64.
// CHECK-LABEL: @integers
func.func @integers(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK-NEXT: [[Q:%.*]] = nn.constant dense<{{.*}}63{{.*}}33{{.*}}> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.015625:0}>>
  // CHECK-NEXT: [[D:%.*]] = quant.dcast [[Q]]
  // CHECK-NEXT: nn.conv2d %x, [[D]]
  %w = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %q = quant.qcast %w : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!w>
  %d = quant.dcast %q : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %d {tensor = "integers"} : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  func.return %0 : tensor<1x1x1x1xf32>
}

// -----

!w = !quant.uniform<i8<-127:127>:f32:0, {0.0078125:0}>

// The statistics are of other weights.
// CHECK-LABEL: @other
func.func @other(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: quant.qcast {{.*}}{0.0078125:0}
  // CHECK: nn.conv2d {{.*}}note = "the statistics are of other weights, which are not refined"
  %w = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %q = quant.qcast %w : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!w>
  %d = quant.dcast %q : (tensor<1x2x1x1x!w>) -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %d {tensor = "other"} : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  func.return %0 : tensor<1x1x1x1xf32>
}
