// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: axes must be sorted, got [2, 1]
func.func @model(%x: tensor<2x3x4xf32>) {
  %0 = nn.reduce_sum %x {axes = array<i64: 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  func.return
}

// -----

// CHECK: axes: 3 is out of range for rank 3
func.func @model(%x: tensor<2x3x4xf32>) {
  %0 = nn.reduce_max %x {axes = array<i64: 3>} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return
}

// -----

// CHECK: input must have float elements, got i32
func.func @model(%x: tensor<2xi32>) {
  %0 = nn.reduce_mean %x {axes = array<i64: 0>} : (tensor<2xi32>) -> tensor<1xi32>
  func.return
}

// -----

// CHECK: axis -1 is out of range for rank 3
func.func @model(%x: tensor<2x3x4xf32>) {
  %0 = nn.softmax %x {axis = -1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return
}

// -----

// CHECK: scale must have shape [3, 4], got [4]
func.func @model(%x: tensor<2x3x4xf32>, %s: tensor<4xf32>) {
  %0 = nn.layer_norm %x, %s {axis = 1 : i64, epsilon = 0.5 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  func.return
}

// -----

// CHECK: mean must have shape [3], got [4]
func.func @model(%x: tensor<2x3x4xf32>, %s: tensor<3xf32>, %m: tensor<4xf32>) {
  %0 = nn.batch_norm %x, %s, %s, %m, %s {epsilon = 0.5 : f32} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  func.return
}

// -----

// CHECK: epsilon must be >= 0, got -0.5
func.func @model(%x: tensor<2x3x4xf32>) {
  %0 = nn.layer_norm %x {axis = 1 : i64, epsilon = -0.5 : f32} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return
}
