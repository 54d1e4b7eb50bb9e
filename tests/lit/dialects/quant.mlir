// RUN: QCC_ROUNDTRIP

// Every op of the quant dialect; scales are read and printed bit-exactly, and defaults
// are not printed.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, %l: tensor<1x9x9x4x!quant.uniform<i8:f32, 0.05:-3>>, %y: tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>, %w: tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, %d: tensor<4x1x3x3x!quant.uniform<i8:f32:0, {0.01:1, 0.02:-128, 0.03:127, 0.04:0}>>, %t: tensor<4x3x2x2x!quant.uniform<i8:f32:1, {0.01:0, 0.02:0, 0.03:0}>>, %b: tensor<6xi32>, %a: tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, %m: tensor<3x6x!quant.uniform<i8<-127:127>:f32:1, {0.01:0, 0.02:0, 0.03:0, 0.04:0, 0.05:0, 0.06:0}>>, %n: tensor<2x3x4x!quant.uniform<i8:f32, 0.1:7>>, %f: tensor<1x4x9x9xf32>, %g: tensor<2x5x3xf32>, %bf: tensor<6xf32>, %s: tensor<3xf32>, %u: tensor<1x4x9x9xui8>, %v: tensor<6x4x3x3xi8>, %zu: tensor<ui8>, %zv: tensor<6xi8>, %c: tensor<2x5x3xui8>, %e: tensor<3x6xi8>, %k: tensor<6xi8>) {
  // CHECK-NEXT: %{{.*}} = quant.qcast %{{.*}} : (tensor<1x4x9x9xf32>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>
  %0 = quant.qcast %f : (tensor<1x4x9x9xf32>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>
  // CHECK-NEXT: %{{.*}} = quant.qcast %{{.*}} : (tensor<6xf32>) -> tensor<6x!quant.uniform<i32:f32:0, {0.001:0, 0.002:0, 0.003:0, 0.004:0, 0.005:0, 0.006:0}>>
  %1 = quant.qcast %bf : (tensor<6xf32>) -> tensor<6x!quant.uniform<i32:f32:0, {0.001:0, 0.002:0, 0.003:0, 0.004:0, 0.005:0, 0.006:0}>>
  // CHECK-NEXT: %{{.*}} = quant.dcast %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xf32>
  %2 = quant.dcast %x : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xf32>
  // CHECK-NEXT: %{{.*}} = quant.dcast %{{.*}} : (tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>) -> tensor<6x4x3x3xf32>
  %3 = quant.dcast %w : (tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>) -> tensor<6x4x3x3xf32>
  // CHECK-NEXT: %{{.*}} = quant.scast %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xui8>
  %4 = quant.scast %x : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xui8>
  // CHECK-NEXT: %{{.*}} = quant.scast %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xi8>
  %5 = quant.scast %x : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9xi8>
  // CHECK-NEXT: %{{.*}} = quant.scast %{{.*}} : (tensor<6x4x3x3xi8>) -> tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>
  %6 = quant.scast %v : (tensor<6x4x3x3xi8>) -> tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>
  // CHECK-NEXT: %{{.*}} = quant.requantize %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  %7 = quant.requantize %x : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.requantize %{{.*}} {minimum = 0 : i64, maximum = 6 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  %8 = quant.requantize %x {minimum = 0 : i64, maximum = 6 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv2d %{{.*}}, %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  %9 = quant.conv2d %x, %w : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv2d %{{.*}}, %{{.*}}, %{{.*}} {raw, minimum = 7 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xi32>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  %10 = quant.conv2d %x, %w, %b {raw, minimum = 7 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xi32>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv2d %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {conv_type = !quant.uniform<i8:f32, 0.07:1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xi32>, tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  %11 = quant.conv2d %x, %w, %b, %y {conv_type = !quant.uniform<i8:f32, 0.07:1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xi32>, tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv2d %{{.*}}, %{{.*}}, %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 0, 1>, conv_type = !quant.uniform<i8:f32, 0.07:1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  %12 = quant.conv2d %x, %w, %y {operandSegmentSizes = array<i32: 1, 1, 0, 1>, conv_type = !quant.uniform<i8:f32, 0.07:1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<1x6x7x7x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv2d %{{.*}}, %{{.*}} {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 1>, dilations = array<i64: 1, 2>, groups = 4 : i64, layout = "NHWC"} : (tensor<1x9x9x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<4x1x3x3x!quant.uniform<i8:f32:0, {0.01:1, 0.02:-128, 0.03:127, 0.04:0}>>) -> tensor<1x4x6x4x!quant.uniform<i8:f32, 0.1:7>>
  %13 = quant.conv2d %l, %d {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 1>, dilations = array<i64: 1, 2>, groups = 4 : i64, layout = "NHWC"} : (tensor<1x9x9x4x!quant.uniform<i8:f32, 0.05:-3>>, tensor<4x1x3x3x!quant.uniform<i8:f32:0, {0.01:1, 0.02:-128, 0.03:127, 0.04:0}>>) -> tensor<1x4x6x4x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.conv_transpose2d %{{.*}}, %{{.*}}, %{{.*}} {strides = array<i64: 2, 2>, groups = 2 : i64, output_padding = array<i64: 1, 0>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<4x3x2x2x!quant.uniform<i8:f32:1, {0.01:0, 0.02:0, 0.03:0}>>, tensor<6xi32>) -> tensor<1x6x19x18x!quant.uniform<i8:f32, 0.1:7>>
  %14 = quant.conv_transpose2d %x, %t, %b {strides = array<i64: 2, 2>, groups = 2 : i64, output_padding = array<i64: 1, 0>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<4x3x2x2x!quant.uniform<i8:f32:1, {0.01:0, 0.02:0, 0.03:0}>>, tensor<6xi32>) -> tensor<1x6x19x18x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.matmul %{{.*}}, %{{.*}}, %{{.*}} {maximum = 100 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3x6x!quant.uniform<i8<-127:127>:f32:1, {0.01:0, 0.02:0, 0.03:0, 0.04:0, 0.05:0, 0.06:0}>>, tensor<6xi32>) -> tensor<2x5x6x!quant.uniform<i8:f32, 0.1:7>>
  %15 = quant.matmul %a, %m, %b {maximum = 100 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3x6x!quant.uniform<i8<-127:127>:f32:1, {0.01:0, 0.02:0, 0.03:0, 0.04:0, 0.05:0, 0.06:0}>>, tensor<6xi32>) -> tensor<2x5x6x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.matmul %{{.*}}, %{{.*}} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x3x4x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<2x5x4x!quant.uniform<i8:f32, 0.1:7>>
  %16 = quant.matmul %a, %n : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x3x4x!quant.uniform<i8:f32, 0.1:7>>) -> tensor<2x5x4x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.add %{{.*}}, %{{.*}} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  %17 = quant.add %x, %x : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>, tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.sub %{{.*}}, %{{.*}} {minimum = -3 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  %18 = quant.sub %a, %a {minimum = -3 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.mul %{{.*}}, %{{.*}} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  %19 = quant.mul %a, %a : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.avg_pool2d %{{.*}} {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, count_include_pad} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x5x5x!quant.uniform<i8:f32, 0.1:7>>
  %20 = quant.avg_pool2d %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, count_include_pad} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x5x5x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.reduce_mean %{{.*}} {axes = array<i64: 2, 3>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x1x1x!quant.uniform<i8:f32, 0.1:7>>
  %21 = quant.reduce_mean %x {axes = array<i64: 2, 3>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x1x1x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.reduce_sum %{{.*}} {axes = array<i64: 1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x1x9x9x!quant.uniform<i8:f32, 0.1:7>>
  %22 = quant.reduce_sum %x {axes = array<i64: 1>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x1x9x9x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.clamp %{{.*}} {minimum = -3 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>
  %23 = quant.clamp %x {minimum = -3 : i64} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>
  // CHECK-NEXT: %{{.*}} = quant.lookup %{{.*}} {table = #blob.array<"00112233445566ff", tensor<256xi8>>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  %24 = quant.lookup %x {table = #blob.array<"00112233445566ff", tensor<256xi8>>} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x9x9x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.softmax %{{.*}} {axis = 2 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.00390625:-128>>
  %25 = quant.softmax %a {axis = 2 : i64} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.00390625:-128>>
  // CHECK-NEXT: %{{.*}} = quant.layer_norm %{{.*}} {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  %26 = quant.layer_norm %a {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  %27 = quant.layer_norm %a, %s, %s {axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.layer_norm %{{.*}}, %{{.*}} {operandSegmentSizes = array<i32: 1, 0, 1>, axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3xf32>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  %28 = quant.layer_norm %a, %s {operandSegmentSizes = array<i32: 1, 0, 1>, axis = 2 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x5x3x!quant.uniform<i8:f32, 0.05:-3>>, tensor<3xf32>) -> tensor<2x5x3x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}} = quant.resize %{{.*}} {sizes = array<i64: 18, 18>, scales = array<f32: 2.000000e+00, 2.000000e+00>, coordinates = "align_corners"} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x18x18x!quant.uniform<i8:f32, 0.1:7>>
  %29 = quant.resize %x {sizes = array<i64: 18, 18>, scales = array<f32: 2.000000e+00, 2.000000e+00>, coordinates = "align_corners"} : (tensor<1x4x9x9x!quant.uniform<i8:f32, 0.05:-3>>) -> tensor<1x4x18x18x!quant.uniform<i8:f32, 0.1:7>>
  // CHECK-NEXT: %{{.*}}, %{{.*}} = quant.dynamic_qcast %{{.*}} {minimum = 0.000000e+00 : f32, maximum = 6.000000e+00 : f32} : (tensor<1x4x9x9xf32>) -> (tensor<1x4x9x9xi8>, tensor<2xf32>)
  %dq, %dp = quant.dynamic_qcast %f {minimum = 0.000000e+00 : f32, maximum = 6.000000e+00 : f32} : (tensor<1x4x9x9xf32>) -> (tensor<1x4x9x9xi8>, tensor<2xf32>)
  // CHECK-NEXT: %{{.*}}, %{{.*}} = quant.dynamic_qcast %{{.*}} : (tensor<2x5x3xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  %gq, %gp = quant.dynamic_qcast %g : (tensor<2x5x3xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  // CHECK-NEXT: %{{.*}} = quant.dynamic_conv2d %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x9x9xi8>, tensor<2xf32>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xf32>) -> tensor<1x6x9x9xf32>
  %30 = quant.dynamic_conv2d %dq, %dp, %w, %bf {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x9x9xi8>, tensor<2xf32>, tensor<6x4x3x3x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 7.0385313e-26:0, 1.0e-05:0, 0.3:0, 0.5:0, 0.25:0}>>, tensor<6xf32>) -> tensor<1x6x9x9xf32>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_matmul %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<3x6x!quant.uniform<i8<-127:127>:f32:1, {0.01:0, 0.02:0, 0.03:0, 0.04:0, 0.05:0, 0.06:0}>>, tensor<6xf32>) -> tensor<2x5x6xf32>
  %31 = quant.dynamic_matmul %gq, %gp, %m, %bf : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<3x6x!quant.uniform<i8<-127:127>:f32:1, {0.01:0, 0.02:0, 0.03:0, 0.04:0, 0.05:0, 0.06:0}>>, tensor<6xf32>) -> tensor<2x5x6xf32>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_dcast %{{.*}}, %{{.*}} : (tensor<2x5x3xi8>, tensor<2xf32>) -> tensor<2x5x3xf32>
  %d0 = quant.dynamic_dcast %gq, %gp : (tensor<2x5x3xi8>, tensor<2xf32>) -> tensor<2x5x3xf32>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_union %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %d1 = quant.dynamic_union %gp, %dp : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_requantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x5x3xi8>
  %d2 = quant.dynamic_requantize %gq, %gp, %d1 : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x5x3xi8>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_clip %{{.*}}, %{{.*}} {minimum = 0.000000e+00 : f32} : (tensor<2x5x3xi8>, tensor<2xf32>) -> tensor<2x5x3xi8>
  %d3 = quant.dynamic_clip %gq, %gp {minimum = 0.000000e+00 : f32} : (tensor<2x5x3xi8>, tensor<2xf32>) -> tensor<2x5x3xi8>
  // CHECK-NEXT: %{{.*}}, %{{.*}} = quant.dynamic_add %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {maximum = 1.000000e+00 : f32} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  %d4, %d5 = quant.dynamic_add %gq, %gp, %d3, %gp {maximum = 1.000000e+00 : f32} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  // CHECK-NEXT: %{{.*}}, %{{.*}} = quant.dynamic_sub %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  %d6, %d7 = quant.dynamic_sub %gq, %gp, %d4, %d5 : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  // CHECK-NEXT: %{{.*}}, %{{.*}} = quant.dynamic_mul %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  %d8, %d9 = quant.dynamic_mul %gq, %gp, %d6, %d7 : (tensor<2x5x3xi8>, tensor<2xf32>, tensor<2x5x3xi8>, tensor<2xf32>) -> (tensor<2x5x3xi8>, tensor<2xf32>)
  // CHECK-NEXT: %{{.*}} = quant.dynamic_reduce_mean %{{.*}}, %{{.*}} {axes = array<i64: 2, 3>} : (tensor<1x4x9x9xi8>, tensor<2xf32>) -> tensor<1x4x1x1xf32>
  %d10 = quant.dynamic_reduce_mean %dq, %dp {axes = array<i64: 2, 3>} : (tensor<1x4x9x9xi8>, tensor<2xf32>) -> tensor<1x4x1x1xf32>
  // CHECK-NEXT: %{{.*}} = quant.dynamic_avg_pool2d %{{.*}}, %{{.*}} {kernel = array<i64: 3, 3>, count_include_pad} : (tensor<1x4x9x9xi8>, tensor<2xf32>) -> tensor<1x4x7x7xf32>
  %d11 = quant.dynamic_avg_pool2d %dq, %dp {kernel = array<i64: 3, 3>, count_include_pad} : (tensor<1x4x9x9xi8>, tensor<2xf32>) -> tensor<1x4x7x7xf32>
  // CHECK-NEXT: %{{.*}}, %{{.*}}, %{{.*}} = quant.dynamic_quantize %{{.*}} : (tensor<1x4x9x9xf32>) -> (tensor<1x4x9x9xui8>, tensor<f32>, tensor<ui8>)
  %32, %33, %34 = quant.dynamic_quantize %f : (tensor<1x4x9x9xf32>) -> (tensor<1x4x9x9xui8>, tensor<f32>, tensor<ui8>)
  // CHECK-NEXT: %{{.*}} = quant.conv2d_integer %{{.*}}, %{{.*}} : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>) -> tensor<1x6x7x7xi32>
  %35 = quant.conv2d_integer %u, %v : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>) -> tensor<1x6x7x7xi32>
  // CHECK-NEXT: %{{.*}} = quant.conv2d_integer %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>, tensor<ui8>, tensor<6xi8>) -> tensor<1x6x7x7xi32>
  %36 = quant.conv2d_integer %u, %v, %zu, %zv : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>, tensor<ui8>, tensor<6xi8>) -> tensor<1x6x7x7xi32>
  // CHECK-NEXT: %{{.*}} = quant.conv2d_integer %{{.*}}, %{{.*}}, %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 0, 1>} : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>, tensor<6xi8>) -> tensor<1x6x7x7xi32>
  %37 = quant.conv2d_integer %u, %v, %zv {operandSegmentSizes = array<i32: 1, 1, 0, 1>} : (tensor<1x4x9x9xui8>, tensor<6x4x3x3xi8>, tensor<6xi8>) -> tensor<1x6x7x7xi32>
  // CHECK-NEXT: %{{.*}} = quant.matmul_integer %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x5x3xui8>, tensor<3x6xi8>, tensor<ui8>, tensor<6xi8>) -> tensor<2x5x6xi32>
  %38 = quant.matmul_integer %c, %e, %zu, %k : (tensor<2x5x3xui8>, tensor<3x6xi8>, tensor<ui8>, tensor<6xi8>) -> tensor<2x5x6xi32>
  func.return
}
