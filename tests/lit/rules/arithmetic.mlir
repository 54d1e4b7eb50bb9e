// RUN: qcc-opt %s -p apply-rules | filecheck %s

// rule sub-constant
// CHECK-LABEL: func.func @sub_constant(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-1.000000e+00, -2.000000e+00, -3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @sub_constant(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.sub %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// stays
// CHECK-LABEL: func.func @sub_from_constant(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.sub %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @sub_from_constant(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.sub %0, %x {tensor = "y"} : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// integers stay
// CHECK-LABEL: func.func @sub_of_indices(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1, 2, 3]> : tensor<3xi64> -> tensor<3xi64>
// CHECK-NEXT: %{{.*}} = nn.sub %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
// CHECK-NEXT: func.return %{{.*}} : tensor<3xi64>
func.func @sub_of_indices(%x: tensor<3xi64>) -> tensor<3xi64> {
  %0 = nn.constant dense<[1, 2, 3]> : tensor<3xi64> -> tensor<3xi64>
  %1 = nn.sub %x, %0 {tensor = "y"} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  func.return %1 : tensor<3xi64>
}

// rule div-constant
// CHECK-LABEL: func.func @div_constant(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[5.000000e-01, 2.500000e-01, 0.333333343]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @div_constant(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[2.000000e+00, 4.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.div %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// stays
// CHECK-LABEL: func.func @div_zero(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[2.000000e+00, 4.000000e+00, 0.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.div %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @div_zero(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[2.000000e+00, 4.000000e+00, 0.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.div %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule reciprocal
// CHECK-LABEL: func.func @reciprocal(
// CHECK-NEXT: %{{.*}} = nn.reciprocal %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @reciprocal(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.div %0, %x {tensor = "y"} : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// the constant makes the result larger
// CHECK-LABEL: func.func @reciprocal_larger(
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.div %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x1x1xf32>, tensor<2x3xf32>) -> tensor<2x2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2x3xf32>
func.func @reciprocal_larger(%x: tensor<2x3xf32>) -> tensor<2x2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %1 = nn.div %0, %x {tensor = "y"} : (tensor<2x1x1xf32>, tensor<2x3xf32>) -> tensor<2x2x3xf32>
  func.return %1 : tensor<2x2x3xf32>
}

// rule pow-1
// CHECK-LABEL: func.func @pow_1(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @pow_1(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %2 = nn.pow %0, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule pow-2
// CHECK-LABEL: func.func @pow_2(
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @pow_2(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<2.000000e+00> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.pow %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule pow-half
// CHECK-LABEL: func.func @pow_half(
// CHECK-NEXT: %{{.*}} = nn.sqrt %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @pow_half(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.pow %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule pow-minus-1
// CHECK-LABEL: func.func @pow_minus_1(
// CHECK-NEXT: %{{.*}} = nn.reciprocal %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @pow_minus_1(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<-1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.pow %x, %0 {tensor = "y"} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule add-add
// CHECK-LABEL: func.func @add_add(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[3.000000e+00, 4.000000e+00, 5.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @add_add(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
  %2 = nn.add %x, %1 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %3 = nn.add %0, %2 {tensor = "y"} : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// rule mul-mul
// CHECK-LABEL: func.func @mul_mul(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[5.000000e-01, 1.000000e+00, 1.500000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @mul_mul(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %3 = nn.mul %1, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// A large constant that others use too would be stored twice.
// CHECK-LABEL: func.func @mul_mul_shared(
// CHECK: nn.mul %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.mul %1, %2 {tensor = "y"}
func.func @mul_mul_shared(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %3 = nn.mul %1, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %4 = nn.mul %x, %2 {tensor = "z"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %3, %4 : tensor<2x3xf32>, tensor<2x3xf32>
}

// rule add-zero
// CHECK-LABEL: func.func @add_zero(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @add_zero(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.constant dense<0.000000e+00> : tensor<3xf32> -> tensor<3xf32>
  %2 = nn.add %0, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule mul-one
// CHECK-LABEL: func.func @mul_one(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @mul_one(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.mul %0, %1 {tensor = "y"} : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule neg-neg
// CHECK-LABEL: func.func @neg_neg(
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @neg_neg(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}
