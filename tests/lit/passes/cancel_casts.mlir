// RUN: qcc-opt %s -p cancel-casts | filecheck %s

!a = !quant.uniform<i8:f32, 0.5:0>
!b = !quant.uniform<i8:f32, 0.25:3>

// CHECK-LABEL: @same
func.func @same(%x: tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4x!quant.uniform<i8:f32, 0.5:0>> {
  // CHECK-NEXT: func.return %{{.*}}
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = quant.qcast %0 : (tensor<4xf32>) -> tensor<4x!a>
  func.return %1 : tensor<4x!a>
}

// CHECK-LABEL: @different
func.func @different(%x: tensor<4x!a>) -> tensor<4x!b> {
  // CHECK-NEXT: quant.requantize
  // CHECK-NEXT: func.return
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = quant.qcast %0 : (tensor<4xf32>) -> tensor<4x!b>
  func.return %1 : tensor<4x!b>
}

// Rounding is not undone.
// CHECK-LABEL: @rounding
func.func @rounding(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: quant.qcast
  // CHECK-NEXT: quant.dcast
  %0 = quant.qcast %x : (tensor<4xf32>) -> tensor<4x!a>
  %1 = quant.dcast %0 : (tensor<4x!a>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// CHECK-LABEL: @sink
func.func @sink(%x: tensor<1x1x4x4x!a>) -> tensor<4xf32> {
  // CHECK-NEXT: nn.max_pool2d {{.*}}tensor = "pooled"{{.*}}-> tensor<1x1x2x2x!quant.uniform<i8:f32, 0.5:0>>
  // CHECK-NEXT: nn.reshape {{.*}}-> tensor<4x!quant.uniform<i8:f32, 0.5:0>>
  // CHECK-NEXT: quant.dcast
  %0 = quant.dcast %x : (tensor<1x1x4x4x!a>) -> tensor<1x1x4x4xf32>
  %1 = nn.max_pool2d %0 {tensor = "pooled", kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32>
  %2 = nn.reshape %1 : (tensor<1x1x2x2xf32>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}

// CHECK-LABEL: @sink_concat
func.func @sink_concat(%x: tensor<4x!a>, %y: tensor<4x!a>, %z: tensor<4x!b>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: nn.concat {{.*}}-> tensor<8x!quant.uniform<i8:f32, 0.5:0>>
  // CHECK-NEXT: quant.dcast
  // Two types: there is nothing to move but floats.
  // CHECK: nn.concat {{.*}}-> tensor<8xf32>
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = quant.dcast %y : (tensor<4x!a>) -> tensor<4xf32>
  %2 = quant.dcast %z : (tensor<4x!b>) -> tensor<4xf32>
  %3 = nn.concat %0, %1 {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %4 = nn.concat %0, %2 {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  func.return %3, %4 : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @arg_max
func.func @arg_max(%x: tensor<4x!a>) -> tensor<1xi64> {
  // CHECK-NEXT: nn.arg_max {{.*}}(tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<1xi64>
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = nn.arg_max %0 {axis = 0 : i64} : (tensor<4xf32>) -> tensor<1xi64>
  func.return %1 : tensor<1xi64>
}

// The axis of the scales moves along.
// CHECK-LABEL: @weights
func.func @weights(%w: tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<3x2xf32> {
  // CHECK-NEXT: nn.transpose {{.*}}-> tensor<3x2x!quant.uniform<i8:f32:1, {0.5:0, 0.25:0}>>
  %0 = quant.dcast %w : (tensor<2x3x!quant.uniform<i8:f32:0, {0.5:0, 0.25:0}>>) -> tensor<2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  func.return %1 : tensor<3x2xf32>
}

// 1 is stored as 127, 0 as -128.
// CHECK-LABEL: @one_hot
func.func @one_hot(%i: tensor<4xi64>) -> tensor<4x3x!quant.uniform<i8:f32, 0.003921569:-128>> {
  // CHECK-NEXT: nn.one_hot {{.*}}on = 1.270000e+02 : f32, off = -1.280000e+02 : f32} : (tensor<4xi64>) -> tensor<4x3xi8>
  // CHECK-NEXT: quant.scast {{.*}}tensor = "encoded"
  %0 = nn.one_hot %i {axis = 1 : i64, depth = 3 : i64} : (tensor<4xi64>) -> tensor<4x3xf32>
  %1 = quant.qcast %0 {tensor = "encoded"} : (tensor<4x3xf32>) -> tensor<4x3x!quant.uniform<i8:f32, 0.003921569:-128>>
  func.return %1 : tensor<4x3x!quant.uniform<i8:f32, 0.003921569:-128>>
}

// What the model rounds after moving it is rounded before.
// CHECK-LABEL: @hoist
func.func @hoist(%x: tensor<1x2x4x4x!a>, %y: tensor<1x2x2x2x!a>) -> (tensor<8x!b>, tensor<1x4x2x2x!b>) {
  // CHECK: nn.reduce_mean
  // CHECK-NEXT: quant.qcast {{.*}}(tensor<1x2x1x1xf32>)
  // CHECK-NEXT: nn.expand
  // CHECK-NEXT: nn.reshape {{.*}}-> tensor<8x!quant.uniform
  // CHECK: nn.avg_pool2d
  // CHECK-NEXT: quant.qcast
  // CHECK-NEXT: quant.requantize
  // CHECK-NEXT: nn.concat {{.*}}-> tensor<1x4x2x2x!quant.uniform
  %0 = quant.dcast %x : (tensor<1x2x4x4x!a>) -> tensor<1x2x4x4xf32>
  %1 = nn.reduce_mean %0 {axes = array<i64: 2, 3>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
  %2 = nn.expand %1 : (tensor<1x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.reshape %2 : (tensor<1x2x2x2xf32>) -> tensor<8xf32>
  %4 = quant.qcast %3 : (tensor<8xf32>) -> tensor<8x!b>
  %5 = nn.avg_pool2d %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %6 = quant.dcast %y : (tensor<1x2x2x2x!a>) -> tensor<1x2x2x2xf32>
  %7 = nn.concat %5, %6 {axis = 1 : i64} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x4x2x2xf32>
  %8 = quant.qcast %7 : (tensor<1x4x2x2xf32>) -> tensor<1x4x2x2x!b>
  func.return %4, %8 : tensor<8x!b>, tensor<1x4x2x2x!b>
}

// An activation meets the op that it belongs to.
// CHECK-LABEL: @sink_reshape
func.func @sink_reshape(%x: tensor<1x2x1x8x!a>) -> tensor<1x2x8x!b> {
  // CHECK: quant.dcast
  // CHECK-NEXT: nn.avg_pool2d
  // CHECK-NEXT: nn.relu
  // CHECK-NEXT: quant.qcast
  // CHECK-NEXT: nn.reshape
  // CHECK-NEXT: func.return
  %0 = quant.dcast %x : (tensor<1x2x1x8x!a>) -> tensor<1x2x1x8xf32>
  %1 = nn.avg_pool2d %0 {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x2x1x8xf32>) -> tensor<1x2x1x8xf32>
  %2 = nn.reshape %1 : (tensor<1x2x1x8xf32>) -> tensor<1x2x8xf32>
  %3 = nn.relu %2 : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %4 = quant.qcast %3 : (tensor<1x2x8xf32>) -> tensor<1x2x8x!b>
  func.return %4 : tensor<1x2x8x!b>
}

// The model's input is moved as it comes.
// CHECK-LABEL: @input
func.func @input(%x: tensor<2x4xf32>) -> tensor<8x!a> {
  // CHECK-NEXT: nn.reshape
  // CHECK-NEXT: quant.qcast
  %0 = nn.reshape %x : (tensor<2x4xf32>) -> tensor<8xf32>
  %1 = quant.qcast %0 : (tensor<8xf32>) -> tensor<8x!a>
  func.return %1 : tensor<8x!a>
}
