// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: strides must be > 0, got [0, 1]
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {strides = array<i64: 0, 1>} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: pads must have 4 entries, got [1, 1]
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {pads = array<i64: 1, 1>} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: groups 3 must divide the 4 input and 6 output channels
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {groups = 3 : i64} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: weight must have 4 / 2 = 2 input channels, got 4
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {groups = 2 : i64} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: bias must have shape [6], got [4]
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<4xf32>) {
  %0 = nn.conv2d %x, %w, %b : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>, tensor<4xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: nn.conv2d: result type is tensor<1x6x9x9xf32>, expected tensor<1x6x7x7xf32>
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x9x9xf32>
  func.return
}

// -----

// CHECK: a window of 11 does not fit in 9 + padding (0, 0)
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {dilations = array<i64: 5, 1>} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x1x7xf32>
  func.return
}

// -----

// CHECK: layout must be "NCHW" or "NHWC", got "CHWN"
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w {layout = "CHWN"} : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: input must have float elements, got i32
func.func @model(%x: tensor<1x4x9x9xi32>, %w: tensor<6x4x3x3xi32>) {
  %0 = nn.conv2d %x, %w : (tensor<1x4x9x9xi32>, tensor<6x4x3x3xi32>) -> tensor<1x6x7x7xi32>
  func.return
}

// -----

// CHECK: input and weight must have equal element types, got f32 and f64
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf64>) {
  %0 = nn.conv2d %x, %w : (tensor<1x4x9x9xf32>, tensor<6x4x3x3xf64>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: input must have a static shape
func.func @model(%x: tensor<?x4x9x9xf32>, %w: tensor<6x4x3x3xf32>) {
  %0 = nn.conv2d %x, %w : (tensor<?x4x9x9xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  func.return
}

// -----

// CHECK: weight must have 4 input channels, got 3
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<3x4x3x3xf32>) {
  %0 = nn.conv_transpose2d %x, %w : (tensor<1x4x9x9xf32>, tensor<3x4x3x3xf32>) -> tensor<1x4x11x11xf32>
  func.return
}

// -----

// CHECK: output_padding must be >= 0, got [-1, 0]
func.func @model(%x: tensor<1x4x9x9xf32>, %w: tensor<4x4x3x3xf32>) {
  %0 = nn.conv_transpose2d %x, %w {output_padding = array<i64: -1, 0>} : (tensor<1x4x9x9xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x11x11xf32>
  func.return
}

// -----

// CHECK: inner sizes of [2, 3] and [4, 5] must be equal
func.func @model(%x: tensor<2x3xf32>, %w: tensor<4x5xf32>) {
  %0 = nn.matmul %x, %w : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  func.return
}

// -----

// CHECK: operands must have rank >= 2, got [3]
func.func @model(%x: tensor<3xf32>, %w: tensor<3x5xf32>) {
  %0 = nn.matmul %x, %w : (tensor<3xf32>, tensor<3x5xf32>) -> tensor<5xf32>
  func.return
}

// -----

// CHECK: shapes [2] and [3] do not broadcast
func.func @model(%x: tensor<2x4x3xf32>, %w: tensor<3x3x5xf32>) {
  %0 = nn.matmul %x, %w : (tensor<2x4x3xf32>, tensor<3x3x5xf32>) -> tensor<2x4x5xf32>
  func.return
}
