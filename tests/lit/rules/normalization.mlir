// RUN: qcc-opt %s -p apply-rules | filecheck %s

// rule layer-norm, as PyTorch exports it
// CHECK-LABEL: func.func @layer_norm_pow(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_pow(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %2 = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.pow %1, %2 : (tensor<2x4x3xf32>, tensor<f32>) -> tensor<2x4x3xf32>
  %4 = nn.reduce_mean %3 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %5 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %6 = nn.add %4, %5 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %7 = nn.sqrt %6 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %8 = nn.div %1, %7 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  func.return %8 : tensor<2x4x3xf32>
}

// CHECK-LABEL: func.func @layer_norm_reciprocal(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_reciprocal(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %2 = nn.mul %1, %1 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %3 = nn.reduce_mean %2 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %4 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %5 = nn.add %3, %4 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %6 = nn.sqrt %5 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %7 = nn.reciprocal %6 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %8 = nn.mul %7, %1 {tensor = "y"} : (tensor<2x4x1xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  func.return %8 : tensor<2x4x3xf32>
}

// x - mean is there three times: equal ops are merged first
// CHECK-LABEL: func.func @layer_norm_duplicates(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_duplicates(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %2 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %3 = nn.sub %x, %2 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %4 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %5 = nn.sub %x, %4 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %6 = nn.mul %3, %5 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %7 = nn.reduce_mean %6 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %8 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %9 = nn.add %7, %8 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %10 = nn.sqrt %9 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %11 = nn.div %1, %10 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  func.return %11 : tensor<2x4x3xf32>
}

// CHECK-LABEL: func.func @layer_norm_two_axes(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 1 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_two_axes(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 1, 2>} : (tensor<2x4x3xf32>) -> tensor<2x1x1xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x1x1xf32>) -> tensor<2x4x3xf32>
  %2 = nn.mul %1, %1 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %3 = nn.reduce_mean %2 {axes = array<i64: 1, 2>} : (tensor<2x4x3xf32>) -> tensor<2x1x1xf32>
  %4 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %5 = nn.add %3, %4 : (tensor<2x1x1xf32>, tensor<f32>) -> tensor<2x1x1xf32>
  %6 = nn.constant dense<-5.000000e-01> : tensor<f32> -> tensor<f32>
  %7 = nn.pow %5, %6 : (tensor<2x1x1xf32>, tensor<f32>) -> tensor<2x1x1xf32>
  %8 = nn.mul %1, %7 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x1x1xf32>) -> tensor<2x4x3xf32>
  func.return %8 : tensor<2x4x3xf32>
}

// not the last axes
// CHECK-LABEL: func.func @layer_norm_first_axis(
// CHECK-NEXT: %{{.*}} = nn.reduce_mean %{{.*}} {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.sub %{{.*}}, %{{.*}} : (tensor<2x4x3xf32>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: %{{.*}} = nn.reduce_mean %{{.*}} {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<2x1x3xf32>, tensor<f32>) -> tensor<2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.sqrt %{{.*}} : (tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.div %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_first_axis(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  %2 = nn.mul %1, %1 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %3 = nn.reduce_mean %2 {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
  %4 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %5 = nn.add %3, %4 : (tensor<2x1x3xf32>, tensor<f32>) -> tensor<2x1x3xf32>
  %6 = nn.sqrt %5 : (tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
  %7 = nn.div %1, %6 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  func.return %7 : tensor<2x4x3xf32>
}

// rules layer-norm-scale and layer-norm-bias
// CHECK-LABEL: func.func @layer_norm_scale_bias(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_scale_bias(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %2 = nn.sub %x, %1 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %3 = nn.mul %2, %2 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %4 = nn.reduce_mean %3 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %5 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %6 = nn.add %4, %5 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %7 = nn.sqrt %6 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %8 = nn.div %2, %7 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %9 = nn.mul %0, %8 : (tensor<3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %10 = nn.constant dense<[[[4.000000e+00, 5.000000e+00, 6.000000e+00]]]> : tensor<1x1x3xf32> -> tensor<1x1x3xf32>
  %11 = nn.add %9, %10 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<1x1x3xf32>) -> tensor<2x4x3xf32>
  func.return %11 : tensor<2x4x3xf32>
}

// a bias without scale
// CHECK-LABEL: func.func @layer_norm_bias(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-05 : f32, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2x4x3xf32>, tensor<3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_bias(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %1 = nn.sub %x, %0 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %2 = nn.mul %1, %1 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %3 = nn.reduce_mean %2 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %4 = nn.constant dense<1.000000e-05> : tensor<f32> -> tensor<f32>
  %5 = nn.add %3, %4 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %6 = nn.sqrt %5 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %7 = nn.div %1, %6 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %8 = nn.constant dense<[4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %9 = nn.add %7, %8 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<3xf32>) -> tensor<2x4x3xf32>
  func.return %9 : tensor<2x4x3xf32>
}

// along another axis
// CHECK-LABEL: func.func @layer_norm_other_scale(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00], [2.000000e+00], [3.000000e+00], [4.000000e+00]]> : tensor<4x1xf32> -> tensor<4x1xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x4x3xf32>, tensor<4x1xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_other_scale(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.layer_norm %x {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %1 = nn.constant dense<[[1.000000e+00], [2.000000e+00], [3.000000e+00], [4.000000e+00]]> : tensor<4x1xf32> -> tensor<4x1xf32>
  %2 = nn.mul %0, %1 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<4x1xf32>) -> tensor<2x4x3xf32>
  func.return %2 : tensor<2x4x3xf32>
}

// rule layer-norm-tensorflow
// CHECK-LABEL: func.func @layer_norm_tensorflow(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-03 : f32} : (tensor<2x4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_tensorflow(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.constant dense<[4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %2 = nn.reduce_mean %x {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %3 = nn.sub %x, %2 : (tensor<2x4x3xf32>, tensor<2x4x1xf32>) -> tensor<2x4x3xf32>
  %4 = nn.mul %3, %3 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %5 = nn.reduce_mean %4 {axes = array<i64: 2>} : (tensor<2x4x3xf32>) -> tensor<2x4x1xf32>
  %6 = nn.constant dense<1.000000e-03> : tensor<f32> -> tensor<f32>
  %7 = nn.add %5, %6 : (tensor<2x4x1xf32>, tensor<f32>) -> tensor<2x4x1xf32>
  %8 = nn.sqrt %7 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %9 = nn.reciprocal %8 : (tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %10 = nn.mul %9, %0 : (tensor<2x4x1xf32>, tensor<3xf32>) -> tensor<2x4x3xf32>
  %11 = nn.mul %x, %10 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %12 = nn.mul %2, %10 : (tensor<2x4x1xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %13 = nn.sub %1, %12 : (tensor<3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %14 = nn.add %11, %13 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  func.return %14 : tensor<2x4x3xf32>
}

// rule layer-norm-tensorflow-axis
// CHECK-LABEL: func.func @layer_norm_tensorflow_axis(
// CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {permutation = array<i64: 0, 2, 1>} : (tensor<2x4x3xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32> -> tensor<4xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]> : tensor<4xf32> -> tensor<4xf32>
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 1.000000e-03 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {tensor = "y", permutation = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @layer_norm_tensorflow_axis(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.constant dense<[[[1.000000e+00], [2.000000e+00], [3.000000e+00], [4.000000e+00]]]> : tensor<1x4x1xf32> -> tensor<1x4x1xf32>
  %1 = nn.constant dense<[[[5.000000e+00], [6.000000e+00], [7.000000e+00], [8.000000e+00]]]> : tensor<1x4x1xf32> -> tensor<1x4x1xf32>
  %2 = nn.reduce_mean %x {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
  %3 = nn.sub %x, %2 : (tensor<2x4x3xf32>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  %4 = nn.mul %3, %3 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %5 = nn.reduce_mean %4 {axes = array<i64: 1>} : (tensor<2x4x3xf32>) -> tensor<2x1x3xf32>
  %6 = nn.constant dense<1.000000e-03> : tensor<f32> -> tensor<f32>
  %7 = nn.add %5, %6 : (tensor<2x1x3xf32>, tensor<f32>) -> tensor<2x1x3xf32>
  %8 = nn.sqrt %7 : (tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
  %9 = nn.reciprocal %8 : (tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
  %10 = nn.mul %9, %0 : (tensor<2x1x3xf32>, tensor<1x4x1xf32>) -> tensor<2x4x3xf32>
  %11 = nn.mul %x, %10 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %12 = nn.mul %2, %10 : (tensor<2x1x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %13 = nn.sub %1, %12 : (tensor<1x4x1xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %14 = nn.add %11, %13 {tensor = "y"} : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  func.return %14 : tensor<2x4x3xf32>
}

// CHECK-LABEL: func.func @layer_norm_of_batch_norm_reshaped_first(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-03 : f32} : (tensor<1x1x5x1xf32>) -> tensor<1x1x5x1xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x1x5x1xf32>
func.func @layer_norm_of_batch_norm_reshaped_first(%x: tensor<1x1x5x1xf32>) -> tensor<1x1x5x1xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 0, 2, 3>} : (tensor<1x1x5x1xf32>) -> tensor<1x1x1x1xf32>
  %1 = nn.sub %x, %0 : (tensor<1x1x5x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x5x1xf32>
  %2 = nn.reduce_sum_square %1 {axes = array<i64: 0, 2, 3>} : (tensor<1x1x5x1xf32>) -> tensor<1x1x1x1xf32>
  %3 = nn.reshape %2 : (tensor<1x1x1x1xf32>) -> tensor<1xf32>
  %4 = nn.constant dense<2.000000e-01> : tensor<f32> -> tensor<f32>
  %5 = nn.mul %3, %4 : (tensor<1xf32>, tensor<f32>) -> tensor<1xf32>
  %6 = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %7 = nn.constant dense<0.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %8 = nn.reshape %0 : (tensor<1x1x1x1xf32>) -> tensor<1xf32>
  %9 = nn.batch_norm %x, %6, %7, %8, %5 {tensor = "y", epsilon = 1.000000e-03 : f32} : (tensor<1x1x5x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x5x1xf32>
  func.return %9 : tensor<1x1x5x1xf32>
}

// rule layer-norm-of-batch-norm
// CHECK-LABEL: func.func @layer_norm_of_batch_norm(
// CHECK-NEXT: %{{.*}} = nn.layer_norm %{{.*}} {tensor = "y", axis = 2 : i64, epsilon = 1.000000e-03 : f32} : (tensor<1x1x5x1xf32>) -> tensor<1x1x5x1xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x1x5x1xf32>
func.func @layer_norm_of_batch_norm(%x: tensor<1x1x5x1xf32>) -> tensor<1x1x5x1xf32> {
  %0 = nn.reduce_mean %x {axes = array<i64: 0, 2, 3>} : (tensor<1x1x5x1xf32>) -> tensor<1x1x1x1xf32>
  %1 = nn.sub %x, %0 : (tensor<1x1x5x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x5x1xf32>
  %2 = nn.reduce_sum_square %1 {axes = array<i64: 0, 2, 3>} : (tensor<1x1x5x1xf32>) -> tensor<1x1x1x1xf32>
  %3 = nn.constant dense<5.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.div %2, %3 : (tensor<1x1x1x1xf32>, tensor<f32>) -> tensor<1x1x1x1xf32>
  %5 = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %6 = nn.constant dense<0.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %7 = nn.reshape %0 : (tensor<1x1x1x1xf32>) -> tensor<1xf32>
  %8 = nn.reshape %4 : (tensor<1x1x1x1xf32>) -> tensor<1xf32>
  %9 = nn.batch_norm %x, %5, %6, %7, %8 {tensor = "y", epsilon = 1.000000e-03 : f32} : (tensor<1x1x5x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x5x1xf32>
  func.return %9 : tensor<1x1x5x1xf32>
}
