// RUN: qcc-opt %s -p insert-dynamic-quantize | filecheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<1x1x1x2xf32>, %y: tensor<2x2xf32>) -> tensor<1x1x2x2xf32> {
  // CHECK-NEXT: [[Q:%.*]], [[P:%.*]] = quant.dynamic_qcast %{{.*}} : (tensor<1x1x1x2xf32>) -> (tensor<1x1x1x2xi8>, tensor<2xf32>)
  %w = nn.constant dense<1.27> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  // CHECK: nn.constant dense<127> : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 0.01:0}>>
  // CHECK-NEXT: quant.dynamic_conv2d [[Q]], [[P]], {{.*}}{tensor = "conv"}{{.*}} -> tensor<1x2x1x2xf32>
  %0 = nn.conv2d %x, %w, %b {tensor = "conv"} : (tensor<1x1x1x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x1x2xf32>
  // CHECK-NEXT: nn.reshape
  %1 = nn.reshape %0 : (tensor<1x2x1x2xf32>) -> tensor<1x1x2x2xf32>
  // CHECK-NEXT: nn.relu
  %2 = nn.relu %1 : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %v = nn.constant dense<[[1.0, 2.0], [3.0, 2.54]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: quant.dynamic_qcast
  // CHECK: quant.dynamic_matmul
  %3 = nn.matmul %2, %v : (tensor<1x1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  // Two activations stay float.
  // CHECK-NEXT: nn.matmul
  %4 = nn.matmul %3, %y : (tensor<1x1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  func.return %4 : tensor<1x1x2x2xf32>
}
