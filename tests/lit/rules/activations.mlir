// RUN: qcc-opt %s -p apply-rules | filecheck %s

// rule gelu, as TensorFlow exports it
// CHECK-LABEL: func.func @gelu_half_first(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_half_first(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<1.41421354> : tensor<f32> -> tensor<f32>
  %3 = nn.div %x, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.erf %3 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %6 = nn.add %4, %5 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %7 = nn.mul %1, %6 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %7 : tensor<2x3xf32>
}

// as PyTorch exports it
// CHECK-LABEL: func.func @gelu_half_last(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_half_last(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.41421354> : tensor<f32> -> tensor<f32>
  %1 = nn.div %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.erf %1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.add %2, %3 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %5 = nn.mul %x, %4 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %7 = nn.mul %5, %6 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %7 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @gelu_half_in_the_sum(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_half_in_the_sum(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %2 = nn.constant dense<0.707106769> : tensor<f32> -> tensor<f32>
  %3 = nn.mul %x, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.erf %3 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.add %1, %4 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.mul %0, %5 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = nn.mul %x, %6 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %7 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @gelu_div_2(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_div_2(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.constant dense<0.707106769> : tensor<f32> -> tensor<f32>
  %2 = nn.mul %x, %1 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %3 = nn.erf %2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.add %0, %3 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.mul %x, %4 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
  %7 = nn.div %5, %6 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %7 : tensor<2x3xf32>
}

// 0.25 is not 0.5: not gelu, and the division becomes a multiplication
// CHECK-LABEL: func.func @gelu_other_factor(
// CHECK-NEXT: %{{.*}} = nn.constant dense<2.500000e-01> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<0.707106769> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.erf %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_other_factor(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<2.500000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<1.41421354> : tensor<f32> -> tensor<f32>
  %3 = nn.div %x, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.erf %3 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %6 = nn.add %4, %5 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %7 = nn.mul %1, %6 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %7 : tensor<2x3xf32>
}

// the sum has another user: it would be computed beside gelu
// CHECK-LABEL: func.func @gelu_other_user(
// CHECK-NEXT: %{{.*}} = nn.constant dense<0.707106769> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.erf %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<2x3xf32>
func.func @gelu_other_user(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = nn.constant dense<1.41421354> : tensor<f32> -> tensor<f32>
  %1 = nn.div %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.erf %1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.add %2, %3 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %5 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %6 = nn.mul %x, %5 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %7 = nn.mul %6, %4 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %7, %4 : tensor<2x3xf32>, tensor<2x3xf32>
}

// rule gelu-through-transposes
// CHECK-LABEL: func.func @gelu_through_transposes(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {tensor = "y", permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<3x2xf32>
func.func @gelu_through_transposes(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %3 = nn.constant dense<0.707106769> : tensor<f32> -> tensor<f32>
  %4 = nn.mul %x, %3 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %5 = nn.transpose %4 {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %6 = nn.erf %5 : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %7 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %8 = nn.add %6, %7 : (tensor<3x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  %9 = nn.mul %2, %8 {tensor = "y"} : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %9 : tensor<3x2xf32>
}

// rule gelu-tanh
// CHECK-LABEL: func.func @gelu_tanh_pow(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y", approximate = "tanh"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_tanh_pow(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.pow %x, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.constant dense<4.471500e-02> : tensor<f32> -> tensor<f32>
  %5 = nn.mul %3, %4 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %6 = nn.add %x, %5 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = nn.constant dense<0.797884583> : tensor<f32> -> tensor<f32>
  %8 = nn.mul %6, %7 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %9 = nn.tanh %8 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %11 = nn.add %9, %10 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %12 = nn.mul %1, %11 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %12 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @gelu_tanh_mul(
// CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {tensor = "y", approximate = "tanh"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @gelu_tanh_mul(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.constant dense<0.797884583> : tensor<f32> -> tensor<f32>
  %2 = nn.mul %x, %1 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %3 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.constant dense<4.471500e-02> : tensor<f32> -> tensor<f32>
  %5 = nn.mul %4, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.mul %5, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = nn.add %3, %6 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %8 = nn.mul %2, %7 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %9 = nn.tanh %8 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %11 = nn.add %9, %10 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %12 = nn.mul %0, %11 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %13 = nn.mul %x, %12 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %13 : tensor<2x3xf32>
}

// rule sigmoid
// CHECK-LABEL: func.func @sigmoid(
// CHECK-NEXT: %{{.*}} = nn.sigmoid %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @sigmoid(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %2 = nn.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.exp %2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.add %1, %3 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.div %0, %4 {tensor = "y"} : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %5 : tensor<2x3xf32>
}

// rule silu
// CHECK-LABEL: func.func @silu(
// CHECK-NEXT: %{{.*}} = nn.silu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @silu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.mul %0, %x {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule hard-sigmoid
// CHECK-LABEL: func.func @hard_sigmoid_div(
// CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} {tensor = "y", alpha = 0.166666672 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_sigmoid_div(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.clip %1 {min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.div %2, %3 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %4 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @hard_sigmoid_mul(
// CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} {tensor = "y", alpha = 0.166666672 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_sigmoid_mul(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.clip %1 {min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.constant dense<0.166666672> : tensor<f32> -> tensor<f32>
  %4 = nn.mul %2, %3 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %4 : tensor<2x3xf32>
}

// rule hard-sigmoid-affine
// CHECK-LABEL: func.func @hard_sigmoid_affine(
// CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} {tensor = "y", beta = 4.000000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_sigmoid_affine(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<2.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<4.000000e-01> : tensor<f32> -> tensor<f32>
  %3 = nn.add %1, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.clip %3 {tensor = "y", min = 0.000000e+00 : f32, max = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %4 : tensor<2x3xf32>
}

// rule hard-swish
// CHECK-LABEL: func.func @hard_swish(
// CHECK-NEXT: %{{.*}} = nn.hard_swish %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_swish(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.hard_sigmoid %x {alpha = 0.166666672 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.mul %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// alpha = 0.2 is not 1/6
// CHECK-LABEL: func.func @hard_swish_other_alpha(
// CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_swish_other_alpha(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.hard_sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.mul %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule hard-swish-clip
// CHECK-LABEL: func.func @hard_swish_clip_div(
// CHECK-NEXT: %{{.*}} = nn.hard_swish %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_swish_clip_div(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.clip %1 {min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.mul %x, %2 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %5 = nn.div %3, %4 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %5 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @hard_swish_clip_mul(
// CHECK-NEXT: %{{.*}} = nn.hard_swish %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_swish_clip_mul(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<0.166666672> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.add %x, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.clip %3 {min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.mul %1, %4 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %5 : tensor<2x3xf32>
}

// rules clip-of-min-max, hard-sigmoid, hard-swish
// CHECK-LABEL: func.func @hard_swish_relu6(
// CHECK-NEXT: %{{.*}} = nn.hard_swish %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @hard_swish_relu6(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<3.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<0.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.max %1, %2 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %5 = nn.min %3, %4 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %6 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %7 = nn.div %5, %6 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %8 = nn.mul %x, %7 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %8 : tensor<2x3xf32>
}

// rule clip-of-min-max
// CHECK-LABEL: func.func @clip_of_min_max(
// CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {tensor = "y", min = -1.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @clip_of_min_max(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.min %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<-1.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.max %1, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// integers stay
// CHECK-LABEL: func.func @max_of_indices(
// CHECK-NEXT: %{{.*}} = nn.constant dense<0> : tensor<i64> -> tensor<i64>
// CHECK-NEXT: %{{.*}} = nn.max %{{.*}}, %{{.*}} : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
// CHECK-NEXT: %{{.*}} = nn.constant dense<6> : tensor<i64> -> tensor<i64>
// CHECK-NEXT: %{{.*}} = nn.min %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
// CHECK-NEXT: func.return %{{.*}} : tensor<3xi64>
func.func @max_of_indices(%x: tensor<3xi64>) -> tensor<3xi64> {
  %0 = nn.constant dense<0> : tensor<i64> -> tensor<i64>
  %1 = nn.max %x, %0 : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  %2 = nn.constant dense<6> : tensor<i64> -> tensor<i64>
  %3 = nn.min %1, %2 {tensor = "y"} : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  func.return %3 : tensor<3xi64>
}

// rule relu-of-max
// CHECK-LABEL: func.func @relu_of_max(
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @relu_of_max(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<0.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.max %0, %x {tensor = "y"} : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule relu6-of-relu
// CHECK-LABEL: func.func @relu6(
// CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {tensor = "y", min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @relu6(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.constant dense<6.000000e+00> : tensor<f32> -> tensor<f32>
  %2 = nn.min %0, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule relu-of-clip
// CHECK-LABEL: func.func @relu_of_clip(
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @relu_of_clip(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.clip %x {tensor = "y", min = 0.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// rule relu-relu
// CHECK-LABEL: func.func @relu_relu(
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @relu_relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.relu %0 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule clip-of-relu
// CHECK-LABEL: func.func @clip_of_relu(
// CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {tensor = "y", min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @clip_of_relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.clip %0 {tensor = "y", min = -1.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule relu-of-bounded
// CHECK-LABEL: func.func @relu_of_bounded(
// CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {tensor = "y", min = 0.000000e+00 : f32, max = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @relu_of_bounded(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.clip %x {min = -1.000000e+00 : f32, max = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.relu %0 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule clip-clip
// CHECK-LABEL: func.func @clip_clip(
// CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {tensor = "y", min = -5.000000e-01 : f32, max = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @clip_clip(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.clip %x {min = -1.000000e+00 : f32, max = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.clip %0 {tensor = "y", min = -5.000000e-01 : f32, max = 2.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule leaky-relu
// CHECK-LABEL: func.func @leaky_relu(
// CHECK-NEXT: %{{.*}} = nn.leaky_relu %{{.*}} {tensor = "y", alpha = 1.000000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @leaky_relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.max %1, %x {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule leaky-relu-of-prelu
// CHECK-LABEL: func.func @leaky_relu_of_prelu(
// CHECK-NEXT: %{{.*}} = nn.leaky_relu %{{.*}} {tensor = "y", alpha = 2.500000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @leaky_relu_of_prelu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<2.500000e-01> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.prelu %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// two slopes
// CHECK-LABEL: func.func @prelu(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[2.500000e-01, 2.500000e-01, 5.000000e-01]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.prelu %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @prelu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[2.500000e-01, 2.500000e-01, 5.000000e-01]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.prelu %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}
