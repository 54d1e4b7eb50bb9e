// RUN: qcc-opt %s -p 'quantize-weights{type="coarse"},dequantize-weights' | filecheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32> {
  // Multiples of 2^-5 (1.27 exceeds 63 of 2^-6) and of 2^-6 (0.5 exceeds 63 of 2^-7).
  // CHECK: nn.constant dense<{{\[\[\[\[}}1.281250e+00]], {{\[\[}}0.000000e+00]]], {{\[\[\[}}5.000000e-01]], {{\[\[}}1.562500e-02]]]]> : tensor<2x2x1x1xf32> {tensor = "w"}
  %w = nn.constant dense<[[[[1.27]], [[0.01]]], [[[0.5]], [[0.01171875]]]]> : tensor<2x2x1x1xf32> {tensor = "w"} -> tensor<2x2x1x1xf32>
  // CHECK-NEXT: nn.conv2d
  %0 = nn.conv2d %x, %w : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  // Weights on one grid of at most 256 levels stay.
  // CHECK: nn.constant dense<{{\[\[\[\[}}1.000000e-01]], {{\[\[}}-3.000000e-01]]], {{\[\[\[}}7.000000e-01]], {{\[\[}}0.000000e+00]]]]> : tensor<2x2x1x1xf32> ->
  %g = nn.constant dense<[[[[0.1]], [[-0.3]]], [[[0.7]], [[0.0]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %2 = nn.conv2d %0, %g : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  // The model's own int8 weights stay.
  // CHECK: quant.dcast
  %q = nn.constant dense<3> : tensor<2x2x1x1xi8> -> tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32, 0.5:0>>
  %v = quant.dcast %q : (tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32, 0.5:0>>) -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %2, %v : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  func.return %1 : tensor<1x2x1x1xf32>
}
