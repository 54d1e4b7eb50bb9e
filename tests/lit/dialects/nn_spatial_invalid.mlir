// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: pads [2, 0, 0, 0] must be smaller than the window of 2
func.func @model(%x: tensor<1x4x9x9xf32>) {
  %0 = nn.max_pool2d %x {kernel = array<i64: 2, 2>, pads = array<i64: 2, 0, 0, 0>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x10x8xf32>
  func.return
}

// -----

// CHECK: input must have rank 4, got [4, 9, 9]
func.func @model(%x: tensor<4x9x9xf32>) {
  %0 = nn.max_pool2d %x {kernel = array<i64: 2, 2>} : (tensor<4x9x9xf32>) -> tensor<4x8x8xf32>
  func.return
}

// -----

// CHECK: input must have float elements, got i8
func.func @model(%x: tensor<1x4x9x9xi8>) {
  %0 = nn.avg_pool2d %x {kernel = array<i64: 2, 2>} : (tensor<1x4x9x9xi8>) -> tensor<1x4x8x8xi8>
  func.return
}

// -----

// CHECK: kernel must be > 0, got [0, 2]
func.func @model(%x: tensor<1x4x9x9xf32>) {
  %0 = nn.avg_pool2d %x {kernel = array<i64: 0, 2>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x10x8xf32>
  func.return
}

// -----

// CHECK: scales must be > 0, got [-2.0, 2.0]
func.func @model(%x: tensor<1x4x9x9xf32>) {
  %0 = nn.resize %x {sizes = array<i64: 18, 18>, scales = array<f32: -2.0, 2.0>} : (tensor<1x4x9x9xf32>) -> tensor<1x4x18x18xf32>
  func.return
}

// -----

// CHECK: unknown mode "cubic", expected one of
func.func @model(%x: tensor<1x4x9x9xf32>) {
  %0 = nn.resize %x {sizes = array<i64: 18, 18>, scales = array<f32: 2.0, 2.0>, mode = "cubic"} : (tensor<1x4x9x9xf32>) -> tensor<1x4x18x18xf32>
  func.return
}

// -----

// CHECK: input of a linear resize must have float elements
func.func @model(%x: tensor<1x4x9x9xi8>) {
  %0 = nn.resize %x {sizes = array<i64: 18, 18>, scales = array<f32: 2.0, 2.0>, mode = "linear"} : (tensor<1x4x9x9xi8>) -> tensor<1x4x18x18xi8>
  func.return
}
