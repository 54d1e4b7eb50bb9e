// RUN: qcc-opt %s -p fold-constants | filecheck %s

// CHECK-LABEL: func.func @arithmetic(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1.500000e+00, 3.000000e+00, 4.500000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @arithmetic(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
  %1 = nn.constant dense<5.000000e-01> : tensor<f32> -> tensor<f32>
  %2 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %3 = nn.add %1, %2 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %4 = nn.mul %0, %3 : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %5 = nn.add %x, %4 {tensor = "y"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  func.return %5 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @movement(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32> -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @movement(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00]]> : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %2 = nn.matmul %x, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %2 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @indices(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[1, 2]> : tensor<2xi64> -> tensor<2xi64>
// CHECK-NEXT: %{{.*}} = nn.gather %{{.*}}, %{{.*}} {tensor = "y", axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @indices(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[0, 1]> : tensor<2xi64> -> tensor<2xi64>
  %1 = nn.constant dense<1> : tensor<i64> -> tensor<i64>
  %2 = nn.add %0, %1 : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  %3 = nn.gather %x, %2 {tensor = "y", axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @activations_stay(
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.exp %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @activations_stay(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.add %x, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.exp %1 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// small enough
// CHECK-LABEL: func.func @small_expand(
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<2x3xf32> -> tensor<2x3xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @small_expand(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<f32> -> tensor<f32>
  %1 = nn.expand %0 : (tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.add %x, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// a thousand elements made of one
// CHECK-LABEL: func.func @large_expand(
// CHECK-NEXT: %{{.*}} = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
// CHECK-NEXT: %{{.*}} = nn.expand %{{.*}} : (tensor<1xf32>) -> tensor<1000xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<1000xf32>, tensor<1000xf32>) -> tensor<1000xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<1000xf32>
func.func @large_expand(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %0 = nn.constant dense<1.000000e+00> : tensor<1xf32> -> tensor<1xf32>
  %1 = nn.expand %0 : (tensor<1xf32>) -> tensor<1000xf32>
  %2 = nn.add %x, %1 {tensor = "y"} : (tensor<1000xf32>, tensor<1000xf32>) -> tensor<1000xf32>
  func.return %2 : tensor<1000xf32>
}

// a table
// CHECK-LABEL: func.func @large_one_hot(
// CHECK-NEXT: %{{.*}} = nn.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]> : tensor<20xi64> -> tensor<20xi64>
// CHECK-NEXT: %{{.*}} = nn.one_hot %{{.*}} {axis = 1 : i64, depth = 256 : i64} : (tensor<20xi64>) -> tensor<20x256xf32>
// CHECK-NEXT: %{{.*}} = nn.add %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<20x256xf32>, tensor<20x256xf32>) -> tensor<20x256xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<20x256xf32>
func.func @large_one_hot(%x: tensor<20x256xf32>) -> tensor<20x256xf32> {
  %0 = nn.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]> : tensor<20xi64> -> tensor<20xi64>
  %1 = nn.one_hot %0 {axis = 1 : i64, depth = 256 : i64} : (tensor<20xi64>) -> tensor<20x256xf32>
  %2 = nn.add %x, %1 {tensor = "y"} : (tensor<20x256xf32>, tensor<20x256xf32>) -> tensor<20x256xf32>
  func.return %2 : tensor<20x256xf32>
}

// weights of a quantized model stay quantized
// CHECK-LABEL: func.func @quantized_weights(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> -> tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>
// CHECK-NEXT: %{{.*}} = quant.dcast %{{.*}} : (tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @quantized_weights(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> -> tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>
  %1 = quant.dcast %0 : (tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<3x2xf32>
  %2 = nn.matmul %x, %1 {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %2 : tensor<2x2xf32>
}

// but may be moved
// CHECK-LABEL: func.func @quantized_movement(
// CHECK-NEXT: %{{.*}} = nn.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8> -> tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>
// CHECK-NEXT: %{{.*}} = quant.dcast %{{.*}} : (tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<3x2xf32>
// CHECK-NEXT: %{{.*}} = nn.matmul %{{.*}}, %{{.*}} {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x2xf32>
func.func @quantized_movement(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %0 = nn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> -> tensor<2x3x!quant.uniform<i8:f32, 0.5:0>>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<2x3x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>
  %2 = quant.dcast %1 : (tensor<3x2x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<3x2xf32>
  %3 = nn.matmul %x, %2 {tensor = "y"} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}
