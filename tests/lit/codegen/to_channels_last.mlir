// RUN: qcc-opt %s -p to-channels-last --split-input-file | filecheck %s

// Transposes between spatial ops, through elementwise ones, cancel.
// CHECK-LABEL: @chain
func.func @chain(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %v: tensor<4x4x1x1xf32>) -> tensor<1x4x6x6xf32> attributes {input_names = ["x", "w", "v"], output_names = ["y"]} {
  // CHECK-NEXT: %[[T:.*]] = nn.transpose %x {permutation = array<i64: 0, 2, 3, 1>}
  // CHECK-NEXT: %[[C:.*]] = nn.conv2d %[[T]], %w {tensor = "c", tensor_permutation = array<i64: 0, 3, 1, 2>, layout = "NHWC"} : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  // CHECK-NEXT: %[[R:.*]] = nn.relu %[[C]]
  // CHECK-NEXT: %[[D:.*]] = nn.conv2d %[[R]], %v
  // CHECK-NEXT: %[[A:.*]] = nn.add %[[D]], %[[R]] : (tensor<1x6x6x4xf32>, tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  // CHECK-NEXT: %[[B:.*]] = nn.transpose %[[A]] {permutation = array<i64: 0, 3, 1, 2>}
  // CHECK-NEXT: func.return %[[B]]
  %c = nn.conv2d %x, %w {tensor = "c"} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %r = nn.relu %c : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %d = nn.conv2d %r, %v : (tensor<1x4x6x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x6x6xf32>
  %y = nn.add %d, %r : (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  func.return %y : tensor<1x4x6x6xf32>
}

// -----

// Axes follow; a transpose that moves only axes of size 1 is a reshape.
// CHECK-LABEL: @axes
func.func @axes(%x: tensor<1x4x8x8xf32>) -> tensor<1x4xf32> attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK: %[[P:.*]] = nn.max_pool2d
  // CHECK-SAME: layout = "NHWC"
  // CHECK-NEXT: %[[M:.*]] = nn.reduce_mean %[[P]] {axes = array<i64: 1, 2>} : (tensor<1x4x4x4xf32>) -> tensor<1x1x1x4xf32>
  // CHECK-NEXT: %[[R:.*]] = nn.reshape %[[M]] : (tensor<1x1x1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: func.return %[[R]]
  %p = nn.max_pool2d %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  %m = nn.reduce_mean %p {axes = array<i64: 2, 3>} : (tensor<1x4x4x4xf32>) -> tensor<1x4x1x1xf32>
  %y = nn.reshape %m : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// -----

// A constant per channel is reordered at compile time; int8 is transposed, not float.
// CHECK-LABEL: @constant
func.func @constant(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<1x2x4x4xf32> attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK: %[[P:.*]] = nn.max_pool2d
  // CHECK-NEXT: %[[K:.*]] = nn.constant {{.*}} -> tensor<1x1x1x2x!quant.uniform<i8:f32, 0.5:0>>
  // CHECK-NEXT: %[[A:.*]] = quant.add %[[P]], %[[K]]
  // CHECK-NEXT: %[[T:.*]] = nn.transpose %[[A]]
  // CHECK-NEXT: %[[D:.*]] = quant.dcast %[[T]]
  // CHECK-NEXT: func.return %[[D]]
  %p = nn.max_pool2d %x {kernel = array<i64: 1, 1>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>
  %k = nn.constant dense<[[[[1]], [[2]]]]> : tensor<1x2x1x1xi8> -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.5:0>>
  %a = quant.add %p, %k : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>, tensor<1x2x1x1x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>
  %y = quant.dcast %a : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<1x2x4x4xf32>
  func.return %y : tensor<1x2x4x4xf32>
}
