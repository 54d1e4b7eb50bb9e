// RUN: qcc-opt %s -p fold-zero-points | filecheck %s

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.5:1>
!y = !quant.uniform<i8:f32, 0.25:0>

// 10 - 3 * ((5 - 1) + (2 - 1)) = -5
// CHECK-LABEL: @conv2d
func.func @conv2d(%x: tensor<1x2x1x1x!x>) -> tensor<1x1x1x1x!y> {
  // CHECK: nn.constant dense<-5> : tensor<1xi32>
  // CHECK-NEXT: quant.conv2d {{.*}}raw
  %w = nn.constant dense<[[[[5]], [[2]]]]> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!w>
  %b = nn.constant dense<10> : tensor<1xi32> -> tensor<1xi32>
  %0 = quant.conv2d %x, %w, %b : (tensor<1x2x1x1x!x>, tensor<1x2x1x1x!w>, tensor<1xi32>) -> tensor<1x1x1x1x!y>
  func.return %0 : tensor<1x1x1x1x!y>
}

// Without a bias there will be one.
// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<1x2x!x>) -> tensor<1x1x!y> {
  // CHECK: nn.constant dense<-15> : tensor<1xi32>
  // CHECK-NEXT: quant.matmul {{.*}}raw
  %w = nn.constant dense<[[5], [2]]> : tensor<2x1xi8> -> tensor<2x1x!w>
  %0 = quant.matmul %x, %w : (tensor<1x2x!x>, tensor<2x1x!w>) -> tensor<1x1x!y>
  func.return %0 : tensor<1x1x!y>
}

// CHECK-LABEL: @two_activations
func.func @two_activations(%x: tensor<1x2x!x>, %y: tensor<2x1x!w>) -> tensor<1x1x!y> {
  // CHECK-NEXT: quant.matmul
  // CHECK-NOT: raw
  %0 = quant.matmul %x, %y : (tensor<1x2x!x>, tensor<2x1x!w>) -> tensor<1x1x!y>
  func.return %0 : tensor<1x1x!y>
}
