// RUN: qcc-opt %s -p fold-batch-norms | filecheck %s

// factors 2 / sqrt(1), 4 / sqrt(4); biases (1 - 3) * 2 + 1, (1 - 5) * 2 + 2
// CHECK-LABEL: func.func @conv2d(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]], {{\[\[}}[6.000000e+00]], {{\[\[}}8.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-3.000000e+00, -6.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @conv2d(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.constant dense<1.000000e+00> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.conv2d %x, %0, %1 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %7 = nn.batch_norm %2, %3, %4, %5, %6 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %7 : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: func.func @depthwise(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]]], {{\[\[}}[4.000000e+00]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-5.000000e+00, -8.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y", pads = array<i64: 1, 1, 1, 1>, groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x4x4xf32>
func.func @depthwise(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]]], [[[2.000000e+00]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %1 = nn.conv2d %x, %0 {pads = array<i64: 1, 1, 1, 1>, groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.batch_norm %1, %2, %3, %4, %5 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %6 : tensor<1x2x4x4xf32>
}

// channel 2 * group + column
// CHECK-LABEL: func.func @conv_transpose2d(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+01]]], {{\[\[}}[3.000000e+02]], {{\[\[}}4.000000e+03]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv_transpose2d %{{.*}}, %{{.*}} {tensor = "y", groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x4x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x4x2x2xf32>
func.func @conv_transpose2d(%x: tensor<1x2x2x2xf32>) -> tensor<1x4x2x2xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv_transpose2d %x, %0 {groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x4x2x2xf32>
  %2 = nn.constant dense<[[[1.000000e+00]], [[1.000000e+01]], [[1.000000e+02]], [[1.000000e+03]]]> : tensor<4x1x1xf32> -> tensor<4x1x1xf32>
  %3 = nn.mul %1, %2 {tensor = "y"} : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  func.return %3 : tensor<1x4x2x2xf32>
}

// CHECK-LABEL: func.func @matmul(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}2.000000e+00, 4.000000e+00], [6.000000e+00, 8.000000e+00], [1.000000e+01, 1.200000e+01]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-5.000000e+00, -8.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @matmul(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %1 = nn.matmul %x, %0 : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %2 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.batch_norm %1, %2, %3, %4, %5 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  func.return %6 : tensor<2x2xf32>
}

// (1 - (y + c) * 2) / 4
// CHECK-LABEL: func.func @affine_chain(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}-5.000000e-01]], {{\[\[}}-1.000000e+00]]], {{\[\[}}[-1.500000e+00]], {{\[\[}}-2.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-2.500000e-01, -7.500000e-01]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @affine_chain(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %2 = nn.conv2d %x, %1 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.constant dense<[[[1.000000e+00]], [[2.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %4 = nn.add %2, %3 : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
  %6 = nn.mul %4, %5 : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %7 = nn.sub %0, %6 : (tensor<f32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %8 = nn.constant dense<4.000000e+00> : tensor<f32> -> tensor<f32>
  %9 = nn.div %7, %8 {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  func.return %9 : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: func.func @add_behind_conv(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[}}[3.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @add_behind_conv(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %x, %0 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.constant dense<[[[1.000000e+00]], [[2.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %3 = nn.add %1, %2 {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  func.return %3 : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: func.func @add_behind_matmul(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @add_behind_matmul(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %1 = nn.constant dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %2 = nn.matmul %x, %1 : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %3 = nn.add %0, %2 {tensor = "y"} : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}

// weights are not needed to add a bias
// CHECK-LABEL: func.func @add_behind_matmul_of_activations(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @add_behind_matmul_of_activations(%x: tensor<2x3xf32>, %y: tensor<3x2xf32>) -> tensor<2x2xf32> {
  %0 = nn.matmul %x, %y : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %1 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.add %0, %1 {tensor = "y"} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  func.return %2 : tensor<2x2xf32>
}

// but to scale
// CHECK-LABEL: func.func @scale_behind_matmul_of_activations(
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @scale_behind_matmul_of_activations(%x: tensor<2x3xf32>, %y: tensor<3x2xf32>) -> tensor<2x2xf32> {
  %0 = nn.matmul %x, %y : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %1 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.mul %0, %1 {tensor = "y"} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  func.return %2 : tensor<2x2xf32>
}

// along another axis
// CHECK-LABEL: func.func @add_along_rows(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32> -> tensor<2x1xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @add_along_rows(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %1 = nn.matmul %x, %0 : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %2 = nn.constant dense<[[1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32> -> tensor<2x1xf32>
  %3 = nn.add %1, %2 {tensor = "y"} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}

// a one-dimensional convolution
// CHECK-LABEL: func.func @behind_reshape(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]], {{\[\[}}[6.000000e+00]], {{\[\[}}8.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-5.000000e+00, -8.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} : (tensor<1x2x1x3xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.reshape %{{.*}} {tensor = "y"} : (tensor<1x2x1x3xf32>) -> tensor<1x2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x3xf32>
func.func @behind_reshape(%x: tensor<1x2x1x3xf32>) -> tensor<1x2x3xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %x, %0 : (tensor<1x2x1x3xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x3xf32>
  %2 = nn.reshape %1 : (tensor<1x2x1x3xf32>) -> tensor<1x2x3xf32>
  %3 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %7 = nn.batch_norm %2, %3, %4, %5, %6 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  func.return %7 : tensor<1x2x3xf32>
}

// the channels are no axis any more
// CHECK-LABEL: func.func @behind_mixing_reshape(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[}}[3.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.reshape %{{.*}} : (tensor<1x2x2x2xf32>) -> tensor<8xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[0.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00, 7.000000e+00]> : tensor<8xf32> -> tensor<8xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<8xf32>
func.func @behind_mixing_reshape(%x: tensor<1x2x2x2xf32>) -> tensor<8xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %x, %0 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.reshape %1 : (tensor<1x2x2x2xf32>) -> tensor<8xf32>
  %3 = nn.constant dense<[0.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00, 7.000000e+00]> : tensor<8xf32> -> tensor<8xf32>
  %4 = nn.add %2, %3 {tensor = "y"} : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  func.return %4 : tensor<8xf32>
}

// the convolution has another user: mul and add
// CHECK-LABEL: func.func @other_user(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[}}[3.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<2.000000e+00> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}[-5.000000e+00]], {{\[\[}}-8.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}}, %{{.*}} : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
func.func @other_user(%x: tensor<1x2x2x2xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %x, %0 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.batch_norm %1, %2, %3, %4, %5 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %6, %1 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
}

// the other user keeps its weights
// CHECK-LABEL: func.func @shared_weights(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[}}[3.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]], {{\[\[}}[6.000000e+00]], {{\[\[}}8.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @shared_weights(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %1 = nn.conv2d %x, %0 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.constant dense<2.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.mul %1, %2 : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %4 = nn.relu %x : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.conv2d %4, %0 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %6 = nn.add %3, %5 {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  func.return %6 : tensor<1x2x2x2xf32>
}

// offsets 1 - 3 * 2, 2 - 5 * 2
// CHECK-LABEL: func.func @before_conv(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]], {{\[\[}}[6.000000e+00]], {{\[\[}}8.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-2.000000e+01, -4.600000e+01]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @before_conv(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %1 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.batch_norm %x, %0, %1, %2, %3 {epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %6 = nn.constant dense<1.000000e+00> : tensor<2xf32> -> tensor<2xf32>
  %7 = nn.conv2d %4, %5, %6 {tensor = "y"} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %7 : tensor<1x2x2x2xf32>
}

// zeros would have to become the offset: mul and add
// CHECK-LABEL: func.func @before_padded_conv(
// CHECK-NEXT: %{{.*}} = nn.constant dense<2.000000e+00> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}[-5.000000e+00]], {{\[\[}}-8.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[}}[3.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x4x4xf32>
func.func @before_padded_conv(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %1 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.batch_norm %x, %0, %1, %2, %3 {epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %6 = nn.conv2d %4, %5 {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  func.return %6 : tensor<1x2x4x4xf32>
}

// CHECK-LABEL: func.func @scale_before_padded_conv(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}2.000000e+00]], {{\[\[}}8.000000e+00]]], {{\[\[}}[6.000000e+00]], {{\[\[}}1.600000e+01]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x4x4xf32>
func.func @scale_before_padded_conv(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.constant dense<[[[2.000000e+00]], [[4.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %1 = nn.mul %x, %0 : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %3 = nn.conv2d %1, %2 {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  func.return %3 : tensor<1x2x4x4xf32>
}

// CHECK-LABEL: func.func @before_grouped_conv(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1.000000e+00]], {{\[\[}}4.000000e+00]]], {{\[\[}}[9.000000e+00]], {{\[\[}}1.600000e+01]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[3.000000e+00, 7.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y", groups = 2 : i64} : (tensor<1x4x1x1xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x1x1xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x1x1xf32>
func.func @before_grouped_conv(%x: tensor<1x4x1x1xf32>) -> tensor<1x2x1x1xf32> {
  %0 = nn.constant dense<[[[1.000000e+00]], [[2.000000e+00]], [[3.000000e+00]], [[4.000000e+00]]]> : tensor<4x1x1xf32> -> tensor<4x1x1xf32>
  %1 = nn.mul %x, %0 : (tensor<1x4x1x1xf32>, tensor<4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %2 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.add %1, %2 : (tensor<1x4x1x1xf32>, tensor<f32>) -> tensor<1x4x1x1xf32>
  %4 = nn.constant dense<[[[[1.000000e+00]], [[2.000000e+00]]], [[[3.000000e+00]], [[4.000000e+00]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %5 = nn.conv2d %3, %4 {tensor = "y", groups = 2 : i64} : (tensor<1x4x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  func.return %5 : tensor<1x2x1x1xf32>
}

// CHECK-LABEL: func.func @before_matmul(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<[2.200000e+01, 2.800000e+01]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @before_matmul(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %3 = nn.matmul %1, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @alone(
// CHECK-NEXT: %{{.*}} = nn.constant dense<2.000000e+00> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}[-5.000000e+00]], {{\[\[}}-8.000000e+00]]]> : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.mul %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} {tensor = "y"} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x2x2xf32>
func.func @alone(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %1 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %3 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.batch_norm %x, %0, %1, %2, %3 {epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.relu %4 {tensor = "y"} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  func.return %5 : tensor<1x2x2x2xf32>
}

// a model trained with quantization: the integers stay, their scales change
// CHECK-LABEL: func.func @quantized_weights(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}1]], {{\[\[}}2]]], {{\[\[}}[3]], {{\[\[}}4]]]]> : tensor<2x2x1x1xi8> -> tensor<2x2x1x1x!quant.uniform<i8:f32:0, {1.0:0, 1.0:0}>>
// CHECK-NEXT: %{{.*}} = quant.dcast
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-5.000000e+00, -8.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"}
// CHECK-NEXT: func.return
func.func @quantized_weights(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %0 = nn.constant dense<[[[[1]], [[2]]], [[[3]], [[4]]]]> : tensor<2x2x1x1xi8> -> tensor<2x2x1x1x!quant.uniform<i8:f32, 0.5:0>>
  %1 = quant.dcast %0 : (tensor<2x2x1x1x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<2x2x1x1xf32>
  %2 = nn.conv2d %x, %1 : (tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %5 = nn.constant dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %7 = nn.batch_norm %2, %3, %4, %5, %6 {tensor = "y", epsilon = 0.000000e+00 : f32} : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %7 : tensor<1x2x2x2xf32>
}

// a negative factor negates the integers; the bias may be dequantized, too
// CHECK-LABEL: func.func @negative_factor(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}-1, 2], [-3, 4]]> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8:f32:1, {1.0:-5, 0.75:3}>>
// CHECK-NEXT: %{{.*}} = quant.dcast
// CHECK-NEXT: %{{.*}} = nn.constant dense<[-2.000000e+00, 9.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul
// CHECK-NEXT: func.return
func.func @negative_factor(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %0 = nn.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8:f32:1, {0.5:5, 0.25:3}>>
  %1 = quant.dcast %0 : (tensor<2x2x!quant.uniform<i8:f32:1, {0.5:5, 0.25:3}>>) -> tensor<2x2xf32>
  %2 = nn.constant dense<[4, 12]> : tensor<2xi32> -> tensor<2x!quant.uniform<i32:f32, 0.25:0>>
  %3 = quant.dcast %2 : (tensor<2x!quant.uniform<i32:f32, 0.25:0>>) -> tensor<2xf32>
  %4 = nn.matmul %x, %1, %3 : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %5 = nn.constant dense<[-2.000000e+00, 3.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %6 = nn.mul %4, %5 : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %6 : tensor<1x2xf32>
}

// -128 has no opposite in int8
// CHECK-LABEL: func.func @least_integer(
// CHECK: nn.matmul
// CHECK: nn.mul
func.func @least_integer(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %0 = nn.constant dense<[[-128, 2], [3, 4]]> : tensor<2x2xi8> -> tensor<2x2x!quant.uniform<i8:f32, 0.5:0>>
  %1 = quant.dcast %0 : (tensor<2x2x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<2x2xf32>
  %2 = nn.matmul %x, %1 : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %3 = nn.constant dense<-2.000000e+00> : tensor<f32> -> tensor<f32>
  %4 = nn.mul %2, %3 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  func.return %4 : tensor<1x2xf32>
}
