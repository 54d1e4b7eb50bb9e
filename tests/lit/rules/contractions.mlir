// RUN: qcc-opt %s -p apply-rules | filecheck %s

// rule pad-into-conv2d
// CHECK-LABEL: func.func @pad_into_conv2d(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}-2.000000e+00, -1.000000e+00, 0.000000e+00]], {{\[\[}}1.000000e+00, 2.000000e+00, -2.000000e+00]]]]> : tensor<1x2x1x3xf32> -> tensor<1x2x1x3xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y", strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 3>} : (tensor<1x2x4x4xf32>, tensor<1x2x1x3xf32>, tensor<1xf32>) -> tensor<1x1x3x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x1x3x3xf32>
func.func @pad_into_conv2d(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x3x3xf32> {
  %0 = nn.pad %x {before = array<i64: 0, 0, 1, 0>, after = array<i64: 0, 0, 0, 2>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x5x6xf32>
  %1 = nn.constant dense<[[[[-2.000000e+00, -1.000000e+00, 0.000000e+00]], [[1.000000e+00, 2.000000e+00, -2.000000e+00]]]]> : tensor<1x2x1x3xf32> -> tensor<1x2x1x3xf32>
  %2 = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %3 = nn.conv2d %0, %1, %2 {tensor = "y", strides = array<i64: 2, 2>, pads = array<i64: 0, 1, 0, 1>} : (tensor<1x2x5x6xf32>, tensor<1x2x1x3xf32>, tensor<1xf32>) -> tensor<1x1x3x3xf32>
  func.return %3 : tensor<1x1x3x3xf32>
}

// also pads channels
// CHECK-LABEL: func.func @pad_of_channels(
// CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 1, 1, 0>, after = array<i64: 0, 0, 0, 2>} : (tensor<1x1x4x4xf32>) -> tensor<1x2x5x6xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}-2.000000e+00]], {{\[\[}}-1.000000e+00]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x5x6xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x5x6xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x1x5x6xf32>
func.func @pad_of_channels(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x5x6xf32> {
  %0 = nn.pad %x {before = array<i64: 0, 1, 1, 0>, after = array<i64: 0, 0, 0, 2>} : (tensor<1x1x4x4xf32>) -> tensor<1x2x5x6xf32>
  %1 = nn.constant dense<[[[[-2.000000e+00]], [[-1.000000e+00]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %2 = nn.conv2d %0, %1 {tensor = "y"} : (tensor<1x2x5x6xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x5x6xf32>
  func.return %2 : tensor<1x1x5x6xf32>
}

// not zeros
// CHECK-LABEL: func.func @pad_value(
// CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 0, 1, 0>, after = array<i64: 0, 0, 0, 2>, value = 1.000000e+00 : f32} : (tensor<1x2x4x4xf32>) -> tensor<1x2x5x6xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}-2.000000e+00]], {{\[\[}}-1.000000e+00]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1x2x5x6xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x5x6xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x1x5x6xf32>
func.func @pad_value(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x5x6xf32> {
  %0 = nn.pad %x {before = array<i64: 0, 0, 1, 0>, after = array<i64: 0, 0, 0, 2>, value = 1.000000e+00 : f32} : (tensor<1x2x4x4xf32>) -> tensor<1x2x5x6xf32>
  %1 = nn.constant dense<[[[[-2.000000e+00]], [[-1.000000e+00]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %2 = nn.conv2d %0, %1 {tensor = "y"} : (tensor<1x2x5x6xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x5x6xf32>
  func.return %2 : tensor<1x1x5x6xf32>
}

// padding of max pooling is not zero
// CHECK-LABEL: func.func @pad_max_pool(
// CHECK-NEXT: %{{.*}} = nn.pad %{{.*}} {before = array<i64: 0, 0, 1, 1>, after = array<i64: 0, 0, 1, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x6xf32>
// CHECK-NEXT: %{{.*}} = nn.max_pool2d %{{.*}} {tensor = "y", kernel = array<i64: 3, 3>} : (tensor<1x2x6x6xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x4x4xf32>
func.func @pad_max_pool(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.pad %x {before = array<i64: 0, 0, 1, 1>, after = array<i64: 0, 0, 1, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x6xf32>
  %1 = nn.max_pool2d %0 {tensor = "y", kernel = array<i64: 3, 3>} : (tensor<1x2x6x6xf32>) -> tensor<1x2x4x4xf32>
  func.return %1 : tensor<1x2x4x4xf32>
}

// rule scale-into-matmul
// CHECK-LABEL: func.func @scale_into_matmul(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}-1.000000e+00, -5.000000e-01], [0.000000e+00, 5.000000e-01], [1.000000e+00, -1.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @scale_into_matmul(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %1 = nn.mul %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.constant dense<[[-2.000000e+00, -1.000000e+00], [0.000000e+00, 1.000000e+00], [2.000000e+00, -2.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %3 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.matmul %1, %2, %3 {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  func.return %4 : tensor<2x2xf32>
}

// rule scale-into-conv2d
// CHECK-LABEL: func.func @scale_into_conv2d(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}{{\[\[}}-1.000000e+00]]], {{\[\[}}[-5.000000e-01]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
// CHECK-NEXT: %{{.*}} = nn.conv2d %{{.*}}, %{{.*}} {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1x2x4x4xf32>
func.func @scale_into_conv2d(%x: tensor<1x1x2x2xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.constant dense<5.000000e-01> : tensor<1x1xf32> -> tensor<1x1xf32>
  %1 = nn.mul %0, %x : (tensor<1x1xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %2 = nn.constant dense<[[[[-2.000000e+00]]], [[[-1.000000e+00]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %3 = nn.conv2d %1, %2 {tensor = "y", pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  func.return %3 : tensor<1x2x4x4xf32>
}
