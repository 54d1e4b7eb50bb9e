// RUN: qcc-opt %s -p fuse-residual | filecheck %s

!a = !quant.uniform<i8:f32, 0.5:0>
!b = !quant.uniform<i8:f32, 0.25:3>

// The last convolution adds what was there before it.
// CHECK-LABEL: @fuse
func.func @fuse(%x: tensor<1x1x2x2x!a>, %w: tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a> {
  // CHECK-NEXT: [[R:%.*]] = quant.conv2d
  // CHECK-NEXT: quant.conv2d %{{.*}}, %{{.*}}, [[R]] {{{.*}}tensor = "sum", minimum = 0 : i64, conv_type = !quant.uniform<i8:f32, 0.25:3>
  // CHECK-NEXT: func.return
  %0 = quant.conv2d %x, %w : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a>
  %1 = quant.conv2d %x, %w : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!b>
  %2 = quant.add %0, %1 {tensor = "sum", minimum = 0 : i64} : (tensor<1x1x2x2x!a>, tensor<1x1x2x2x!b>) -> tensor<1x1x2x2x!a>
  func.return %2 : tensor<1x1x2x2x!a>
}

// The residual may be computed after the convolution.
// CHECK-LABEL: @later
func.func @later(%x: tensor<1x1x2x2x!a>, %w: tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a> {
  // CHECK-NEXT: [[R:%.*]] = quant.clamp
  // CHECK-NEXT: quant.conv2d %{{.*}}, %{{.*}}, [[R]]
  %0 = quant.conv2d %x, %w : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!b>
  %1 = quant.clamp %x {minimum = 0 : i64} : (tensor<1x1x2x2x!a>) -> tensor<1x1x2x2x!a>
  %2 = quant.add %0, %1 : (tensor<1x1x2x2x!b>, tensor<1x1x2x2x!a>) -> tensor<1x1x2x2x!a>
  func.return %2 : tensor<1x1x2x2x!a>
}

// A clamp between the two, another use, or broadcasting forbid it.
// CHECK-LABEL: @not
func.func @not(%x: tensor<1x1x2x2x!a>, %w: tensor<1x1x1x1x!a>) -> (tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>) {
  // CHECK-COUNT-3: quant.add
  %0 = quant.conv2d %x, %w {minimum = 0 : i64} : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a>
  %1 = quant.add %0, %x : (tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>) -> tensor<1x1x2x2x!a>
  %2 = quant.conv2d %x, %w : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a>
  %3 = quant.add %2, %x : (tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>) -> tensor<1x1x2x2x!a>
  %4 = quant.conv2d %x, %w : (tensor<1x1x2x2x!a>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!b>
  %5 = quant.add %4, %w : (tensor<1x1x2x2x!b>, tensor<1x1x1x1x!a>) -> tensor<1x1x2x2x!a>
  func.return %1, %2, %3, %5 : tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>
}
