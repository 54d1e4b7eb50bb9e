// RUN: qcc-opt %s -p equalize-channels --ranges %S/Inputs/refinements.json --split-input-file | filecheck %s

// The second channel times 4, here and in the bias; a quarter in what reads it. Its name is no longer the model's.
// CHECK-LABEL: @equalized
func.func @equalized(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32> {
  // CHECK-NEXT: [[W:%.*]] = nn.constant dense<1.000000e+00> : tensor<2x1x1x1xf32>
  // CHECK-NEXT: [[B:%.*]] = nn.constant dense<[1.000000e+00, 8.000000e+00]> : tensor<2xf32>
  // CHECK-NEXT: [[C:%.*]] = nn.conv2d %x, [[W]], [[B]]
  // CHECK-NEXT: [[R:%.*]] = nn.clip [[C]] {tensor = "convolution:scaled", min = 0.000000e+00 : f32, max = 6.000000e+00 : f32}
  // CHECK-NEXT: [[P:%.*]] = nn.max_pool2d [[R]]
  // CHECK-NEXT: [[V:%.*]] = nn.constant dense<{{.*}}1.000000e+00{{.*}}1.250000e-01{{.*}}> : tensor<1x2x1x1xf32>
  // CHECK-NEXT: nn.conv2d [[P]], [[V]] : {{.*}}
  %w = nn.constant dense<[[[[1.0]]], [[[0.25]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  %v = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %w, %b : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.clip %0 {min = 0.0 : f32, max = 6.0 : f32, tensor = "convolution"} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.max_pool2d %1 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.conv2d %2, %v : (tensor<1x2x2x2xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x2x2xf32>
  func.return %3 : tensor<1x1x2x2xf32>
}

// -----

// Of a depthwise convolution each channel has its own weight.
// CHECK-LABEL: @depthwise
func.func @depthwise(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  // CHECK: [[V:%.*]] = nn.constant dense<{{.*}}3.000000e+00{{.*}}1.250000e-01{{.*}}> : tensor<2x1x1x1xf32>
  // CHECK-NEXT: nn.conv2d {{%.*}}, [[V]] {groups = 2
  %w = nn.constant dense<[[[[1.0]]], [[[0.25]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %v = nn.constant dense<[[[[3.0]]], [[[0.5]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %0 = nn.conv2d %x, %w {tensor = "convolution"} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.conv2d %0, %v {groups = 2 : i64} : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  func.return %1 : tensor<1x2x4x4xf32>
}

// -----

// Where something else reads the channels, they stay.
// CHECK-LABEL: @used_twice
func.func @used_twice(%x: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<1x2x4x4xf32>) {
  // CHECK: nn.conv2d %x, %w {tensor = "used twice"}
  %w = nn.constant dense<[[[[1.0]]], [[[0.25]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %v = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %w {tensor = "used twice"} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.conv2d %0, %v : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32>
  func.return %1, %0 : tensor<1x1x4x4xf32>, tensor<1x2x4x4xf32>
}

// -----

// CHECK-LABEL: @other
func.func @other(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  // CHECK: nn.conv2d %x, %w {{.*}}note = "the statistics are of other weights: channels are not equalized"
  %w = nn.constant dense<[[[[1.0]]], [[[0.25]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  %v = nn.constant dense<[[[[1.0]], [[0.5]]]]> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %0 = nn.conv2d %x, %w {tensor = "other"} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.conv2d %0, %v : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32>
  func.return %1 : tensor<1x1x4x4xf32>
}
