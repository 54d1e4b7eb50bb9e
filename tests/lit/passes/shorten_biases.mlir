// RUN: qcc-opt %s -p shorten-biases | filecheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %b = nn.constant dense<[1.00390625, -1.01171875]> : tensor<2xf32> -> tensor<2xf32>
  // Beside int4 weights biases have 8 significant bits, ties go to the even one.
  // CHECK: [[W:%.*]] = quant.dcast
  // CHECK-NEXT: [[B:%.*]] = nn.constant dense<[1.000000e+00, -1.015625]>
  // CHECK-NEXT: nn.matmul %{{.*}}, [[W]], [[B]]
  %p = nn.constant dense<3> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8<-8:7>:f32, 0.5:0>>
  %v = quant.dcast %p : (tensor<2x2x!quant.uniform<i8<-8:7>:f32, 0.5:0>>) -> tensor<2x2xf32>
  %0 = nn.matmul %x, %v, %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  // Beside int8 weights they stay.
  // CHECK: [[W8:%.*]] = quant.dcast
  // CHECK-NEXT: nn.matmul %{{.*}}, [[W8]], %b :
  %q = nn.constant dense<3> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8<-127:127>:f32, 0.5:0>>
  %w = quant.dcast %q : (tensor<2x2x!quant.uniform<i8<-127:127>:f32, 0.5:0>>) -> tensor<2x2xf32>
  %1 = nn.matmul %0, %w, %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %1 : tensor<1x2xf32>
}
