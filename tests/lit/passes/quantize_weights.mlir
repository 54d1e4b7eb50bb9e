// RUN: qcc-opt %s -p quantize-weights | filecheck %s
// RUN: qcc-opt %s -p 'quantize-weights{type="int4"}' | filecheck %s --check-prefix=INT4

// CHECK-LABEL: @model
// INT4-LABEL: @model
func.func @model(%x: tensor<1x2x1x1xf32>, %y: tensor<2x2xf32>) -> (tensor<1x2x1x1xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  // One scale per output channel, and the bias stays float.
  // CHECK: [[B:%.*]] = nn.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK-NEXT: [[Q:%.*]] = nn.constant dense<{{\[\[}}{{\[\[}}127]], {{\[\[}}0]]], {{\[\[\[}}-64]], {{\[\[}}127]]]]> : tensor<2x2x1x1xi8> {tensor = "w"} -> tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.0078125:0, 0.015625:0}>>
  // CHECK-NEXT: [[W:%.*]] = quant.dcast [[Q]]
  // CHECK-NEXT: nn.conv2d %{{.*}}, [[W]], [[B]]
  // INT4: nn.constant {{.*}} -> tensor<2x2x1x1x!quant.uniform<i8<-8:7>:f32:0,
  %w = nn.constant dense<[[[[0.9921875]], [[0.0]]], [[[-1.0]], [[1.984375]]]]> : tensor<2x2x1x1xf32> {tensor = "w"} -> tensor<2x2x1x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  %0 = nn.conv2d %x, %w, %b : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x1x1xf32>
  // The columns of a matrix.
  // CHECK: nn.constant dense<{{\[\[}}127, 64], [32, 127]]> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:1, {0.0078125:0, 0.015625:0}>>
  // CHECK-NEXT: quant.dcast
  // CHECK-NEXT: nn.matmul
  %v = nn.constant dense<[[0.9921875, 1.0], [0.25, 1.984375]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %1 = nn.matmul %y, %v : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // What is to stay float does, and so do other constants.
  // CHECK: nn.constant dense<5.000000e-01>
  // CHECK-NEXT: nn.matmul
  // CHECK: nn.add
  %u = nn.constant dense<0.5> : tensor<2x2xf32> -> tensor<2x2xf32>
  %2 = nn.matmul %y, %u {keep_float = "asked for"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %a = nn.constant dense<0.25> : tensor<2x2xf32> -> tensor<2x2xf32>
  %3 = nn.add %2, %a : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  func.return %0, %1, %3 : tensor<1x2x1x1xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
