// RUN: qcc-opt %s --verify-diagnostics --parsing-diagnostics --split-input-file | filecheck %s

// What the verifiers of the quant dialect refuse, and their words.

// CHECK: scale must be a positive finite float32, got 0.0
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 0.0:0>>) {
  func.return
}

// -----

// CHECK: scale must be a positive finite float32, got -1.0
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, -1.0:0>>) {
  func.return
}

// -----

// CHECK: scale must be a positive finite float32, got inf
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 1.0e39:0>>) {
  func.return
}

// -----

// CHECK: zero point 128 is outside of the storage range [-128, 127]
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 1.0:128>>) {
  func.return
}

// -----

// CHECK: zero point -128 is outside of the storage range [-127, 127]
func.func @f(%x: tensor<2x!quant.uniform<i8<-127:127>:f32:0, {1.0:0, 1.0:-128}>>) {
  func.return
}

// -----

// CHECK: storage must be i8 or i32, got i16
func.func @f(%x: tensor<2x!quant.uniform<i16:f32, 1.0:0>>) {
  func.return
}

// -----

// CHECK: storage range [-127, 200] is empty or outside of [-128, 127]
func.func @f(%x: tensor<2x!quant.uniform<i8<-127:200>:f32, 1.0:0>>) {
  func.return
}

// -----

// CHECK: the expressed type must be f32
func.func @f(%x: tensor<2x!quant.uniform<i8:f64, 1.0:0>>) {
  func.return
}

// -----

// CHECK: the storage type must be an integer
func.func @f(%x: tensor<2x!quant.uniform<f32:f32, 1.0:0>>) {
  func.return
}

// -----

// CHECK: result must have quantized elements, got f32
func.func @f(%x: tensor<2xf32>) {
  %r = quant.qcast %x : (tensor<2xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: input must have elements f32, got f64
func.func @f(%x: tensor<2xf64>) {
  %r = quant.qcast %x : (tensor<2xf64>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: result has 2 scales on axis 0, which does not fit its shape [3]
func.func @f(%x: tensor<3xf32>) {
  %r = quant.qcast %x : (tensor<3xf32>) -> tensor<3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>
  func.return
}

// -----

// CHECK: expected tensor<2xf32>
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.dcast %x : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: the storage side must have elements i8 or ui8, got i16
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.scast %x : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2xi16>
  func.return
}

// -----

// CHECK: input must be quantized per tensor, got !quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>
func.func @f(%x: tensor<2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.requantize %x : (tensor<2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: clamp [5, 4] is empty or outside of [-128, 127]
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.requantize %x {minimum = 5 : i64, maximum = 4 : i64} : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: clamp [-129, 127] is empty or outside of [-128, 127]
func.func @f(%x: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.clamp %x {minimum = -129 : i64} : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: expected tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.conv2d %x, %w : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: weight must be quantized per tensor or along axis 0, got axis 1
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:1, {0.1:0, 0.2:0}>>) {
  %r = quant.conv2d %x, %w : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:1, {0.1:0, 0.2:0}>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: bias must have elements i32, got f32
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<2xf32>) {
  %r = quant.conv2d %x, %w, %b : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<2xf32>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: bias must have shape [2], got [3]
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<3xi32>) {
  %r = quant.conv2d %x, %w, %b : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<3xi32>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: raw products need a bias that holds the input's zero point
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.conv2d %x, %w {raw} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: conv_type must be there if and only if there is a residual
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.conv2d %x, %w {conv_type = !quant.uniform<i8:f32, 0.05:-3>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: conv_type must be there if and only if there is a residual
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<2xi32>, %y: tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.conv2d %x, %w, %b, %y : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<2xi32>, tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: residual must have shape [1, 2, 2, 2], got [1, 2, 4, 4]
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<2xi32>) {
  %r = quant.conv2d %x, %w, %b, %x {conv_type = !quant.uniform<i8:f32, 0.05:-3>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<2xi32>, tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: conv_type must be i8 per tensor
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<2xi32>, %y: tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.conv2d %x, %w, %b, %y {conv_type = !quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<2xi32>, tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: unknown requantization "exact"
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.conv2d %x, %w {requantization = "exact"} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: weight must be quantized per tensor or along axis 1, got axis 0
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.conv_transpose2d %x, %w : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<1x2x6x6x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: rhs must be quantized per tensor or along axis 1, got axis 0
func.func @f(%a: tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, %m: tensor<2x2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.matmul %a, %m : (tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: lhs must have quantized elements, got f32
func.func @f(%a: tensor<2xf32>, %m: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.add %a, %m : (tensor<2xf32>, tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: shapes [2] and [3] do not broadcast
func.func @f(%a: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>, %m: tensor<3x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.mul %a, %m : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<3x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: input and result must have one element type
func.func @f(%a: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.clamp %a : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x!quant.uniform<i8:f32, 0.1:0>>
  func.return
}

// -----

// CHECK: table must be tensor<256xi8>, got tensor<2xi8>
func.func @f(%a: tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.lookup %a {table = dense<[1, 2]> : tensor<2xi8>} : (tensor<2x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: pads [3, 0, 0, 0] must be smaller than the window of 3
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.avg_pool2d %x {kernel = array<i64: 3, 3>, pads = array<i64: 3, 0, 0, 0>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: axes must be sorted, got [3, 2]
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.reduce_mean %x {axes = array<i64: 3, 2>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: a sum of 16777216 elements may overflow int32
func.func @f(%x: tensor<1x16777216x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.reduce_sum %x {axes = array<i64: 1>} : (tensor<1x16777216x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x1x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: axis 4 is out of range for rank 4
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.softmax %x {axis = 4 : i64} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: rows of 65536 elements may overflow int64
func.func @f(%x: tensor<65536x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.layer_norm %x {axis = 0 : i64, epsilon = 1.0e-05 : f32} : (tensor<65536x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<65536x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: scale must have shape [2], got [3]
func.func @f(%x: tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, %s: tensor<3xf32>) {
  %r = quant.layer_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3xf32>) -> tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: a quantized resize must be linear
func.func @f(%x: tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) {
  %r = quant.resize %x {mode = "nearest", sizes = array<i64: 8, 8>, scales = array<f32: 2.0, 2.0>} : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x2x8x8x!quant.uniform<i8:f32, 0.05:-3>>
  func.return
}

// -----

// CHECK: bias must have elements f32, got i32
func.func @f(%x: tensor<1x2x4x4xi8>, %p: tensor<2xf32>, %w: tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, %b: tensor<2xi32>) {
  %r = quant.dynamic_conv2d %x, %p, %w, %b : (tensor<1x2x4x4xi8>, tensor<2xf32>, tensor<2x2x3x3x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>, tensor<2xi32>) -> tensor<1x2x2x2xf32>
  func.return
}

// -----

// CHECK: lhs must have elements i8
func.func @f(%a: tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, %p: tensor<2xf32>, %m: tensor<2x2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) {
  %r = quant.dynamic_matmul %a, %p, %m : (tensor<3x2x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2xf32>, tensor<2x2x!quant.uniform<i8:f32:0, {0.1:0, 0.2:0}>>) -> tensor<3x2xf32>
  func.return
}

// -----

// CHECK: parameters of input must be tensor<2xf32>, got tensor<f32>
func.func @f(%q: tensor<4xi8>, %p: tensor<f32>) {
  %r = quant.dynamic_dcast %q, %p : (tensor<4xi8>, tensor<f32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: second result is tensor<3xf32>, expected tensor<2xf32>
func.func @f(%x: tensor<4xf32>) {
  %q, %p = quant.dynamic_qcast %x : (tensor<4xf32>) -> (tensor<4xi8>, tensor<3xf32>)
  func.return
}

// -----

// CHECK: the clip [1.0, 6.0] does not hold 0
func.func @f(%x: tensor<4xf32>) {
  %q, %p = quant.dynamic_qcast %x {minimum = 1.0 : f32, maximum = 6.0 : f32} : (tensor<4xf32>) -> (tensor<4xi8>, tensor<2xf32>)
  func.return
}

// -----

// CHECK: the clip [6.0, 1.0] is empty
func.func @f(%q: tensor<4xi8>, %p: tensor<2xf32>) {
  %r = quant.dynamic_clip %q, %p {minimum = 6.0 : f32, maximum = 1.0 : f32} : (tensor<4xi8>, tensor<2xf32>) -> tensor<4xi8>
  func.return
}

// -----

// CHECK: target must be tensor<2xf32>, got tensor<2xi8>
func.func @f(%q: tensor<4xi8>, %p: tensor<2xf32>, %t: tensor<2xi8>) {
  %r = quant.dynamic_requantize %q, %p, %t : (tensor<4xi8>, tensor<2xf32>, tensor<2xi8>) -> tensor<4xi8>
  func.return
}

// -----

// CHECK: takes at least one operand
func.func @f() {
  %r = quant.dynamic_union : () -> tensor<2xf32>
  func.return
}

// -----

// CHECK: rhs must have elements i8, got f32
func.func @f(%q: tensor<4xi8>, %p: tensor<2xf32>, %x: tensor<4xf32>) {
  %r, %s = quant.dynamic_add %q, %p, %x, %p : (tensor<4xi8>, tensor<2xf32>, tensor<4xf32>, tensor<2xf32>) -> (tensor<4xi8>, tensor<2xf32>)
  func.return
}

// -----

// CHECK: may overflow int32
func.func @f(%q: tensor<1x10000000xi8>, %p: tensor<2xf32>) {
  %r = quant.dynamic_reduce_mean %q, %p {axes = array<i64: 1>} : (tensor<1x10000000xi8>, tensor<2xf32>) -> tensor<1x1xf32>
  func.return
}

// -----

// CHECK: expected tensor<ui8>
func.func @f(%x: tensor<2xf32>) {
  %r, %s, %z = quant.dynamic_quantize %x : (tensor<2xf32>) -> (tensor<2xui8>, tensor<f32>, tensor<i8>)
  func.return
}

// -----

// CHECK: zero point of lhs must have elements ui8, got i8
func.func @f(%a: tensor<3x2xui8>, %m: tensor<2x2xi8>, %z: tensor<i8>) {
  %r = quant.matmul_integer %a, %m, %z : (tensor<3x2xui8>, tensor<2x2xi8>, tensor<i8>) -> tensor<3x2xi32>
  func.return
}

// -----

// CHECK: zero point of weight must have 1 or 2 elements, got 3
func.func @f(%x: tensor<1x2x4x4xi8>, %w: tensor<2x2x3x3xi8>, %z: tensor<i8>, %v: tensor<3xi8>) {
  %r = quant.conv2d_integer %x, %w, %z, %v : (tensor<1x2x4x4xi8>, tensor<2x2x3x3xi8>, tensor<i8>, tensor<3xi8>) -> tensor<1x2x2x2xi32>
  func.return
}
