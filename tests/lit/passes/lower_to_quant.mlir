// RUN: qcc-opt %s -p lower-to-quant | filecheck %s

!a = !quant.uniform<i8:f32, 0.5:0>
!b = !quant.uniform<i8:f32, 0.25:3>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.5:0, 0.25:0}>

// The bias becomes int32 at 0.5 * 0.5 and 0.5 * 0.25; the relu a bound, 3 is real 0.
// CHECK-LABEL: @conv2d
func.func @conv2d(%x: tensor<1x1x2x2x!a>) -> tensor<1x2x2x2x!b> {
  // CHECK-DAG: [[W:%.*]] = nn.constant dense<{{.*}}> : tensor<2x1x1x1xi8>
  // CHECK-DAG: [[B:%.*]] = nn.constant dense<[4, 8]> : tensor<2xi32>
  // CHECK: quant.conv2d %{{.*}}, [[W]], [[B]] {tensor = "y_q", minimum = 3 : i64} : {{.*}} -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.25:3>>
  // CHECK-NEXT: func.return
  %0 = quant.dcast %x : (tensor<1x1x2x2x!a>) -> tensor<1x1x2x2xf32>
  %1 = nn.constant dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xi8> -> tensor<2x1x1x1x!w>
  %2 = quant.dcast %1 : (tensor<2x1x1x1x!w>) -> tensor<2x1x1x1xf32>
  %3 = nn.constant dense<[1.0, 1.0]> : tensor<2xf32> -> tensor<2xf32>
  %4 = nn.conv2d %0, %2, %3 : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.relu %4 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %6 = quant.qcast %5 {tensor = "y_q"} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2x!b>
  func.return %6 : tensor<1x2x2x2x!b>
}

// A bias with a scale of its own is requantized, with a note; 6 * 0.5 / (0.5 * 0.5) = 12.
// CHECK-LABEL: @other_bias_scale
func.func @other_bias_scale(%x: tensor<1x2x!a>) -> tensor<1x1x!b> {
  // CHECK: nn.constant dense<12> : tensor<1xi32>
  // CHECK-NEXT: quant.matmul {{.*}}note = "its bias had a scale of its own and was requantized"
  %0 = quant.dcast %x : (tensor<1x2x!a>) -> tensor<1x2xf32>
  %1 = nn.constant dense<[[1], [2]]> : tensor<2x1xi8> -> tensor<2x1x!a>
  %2 = quant.dcast %1 : (tensor<2x1x!a>) -> tensor<2x1xf32>
  %3 = nn.constant dense<6> : tensor<1xi32> -> tensor<1x!quant.uniform<i32:f32, 0.5:0>>
  %4 = quant.dcast %3 : (tensor<1x!quant.uniform<i32:f32, 0.5:0>>) -> tensor<1xf32>
  %5 = nn.matmul %0, %2, %4 : (tensor<1x2xf32>, tensor<2x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %6 = quant.qcast %5 : (tensor<1x1xf32>) -> tensor<1x1x!b>
  func.return %6 : tensor<1x1x!b>
}

// The model's own int32 bias at the right scale is taken as it is.
// CHECK-LABEL: @own_bias
func.func @own_bias(%x: tensor<1x2x!a>) -> tensor<1x1x!b> {
  // CHECK: nn.constant dense<6> : tensor<1xi32>
  // CHECK-NEXT: quant.matmul
  // CHECK-NOT: note
  %0 = quant.dcast %x : (tensor<1x2x!a>) -> tensor<1x2xf32>
  %1 = nn.constant dense<[[1], [2]]> : tensor<2x1xi8> -> tensor<2x1x!a>
  %2 = quant.dcast %1 : (tensor<2x1x!a>) -> tensor<2x1xf32>
  %3 = nn.constant dense<6> : tensor<1xi32> -> tensor<1x!quant.uniform<i32:f32, 0.25:0>>
  %4 = quant.dcast %3 : (tensor<1x!quant.uniform<i32:f32, 0.25:0>>) -> tensor<1xf32>
  %5 = nn.matmul %0, %2, %4 : (tensor<1x2xf32>, tensor<2x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %6 = quant.qcast %5 : (tensor<1x1xf32>) -> tensor<1x1x!b>
  func.return %6 : tensor<1x1x!b>
}

// CHECK-LABEL: @add_constant
func.func @add_constant(%x: tensor<2x!a>) -> tensor<2x!b> {
  // CHECK-NEXT: nn.constant dense<[-128, 127]> : tensor<2xi8> -> tensor<2x!quant.uniform<i8:f32, 0.01:-28>>
  // CHECK-NEXT: quant.add
  %0 = quant.dcast %x : (tensor<2x!a>) -> tensor<2xf32>
  %1 = nn.constant dense<[-1.0, 1.55]> : tensor<2xf32> -> tensor<2xf32>
  %2 = nn.add %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = quant.qcast %2 : (tensor<2xf32>) -> tensor<2x!b>
  func.return %3 : tensor<2x!b>
}

// CHECK-LABEL: @clamp
func.func @clamp(%x: tensor<2x!a>) -> (tensor<2x!a>, tensor<2x!b>) {
  // CHECK-DAG: quant.clamp {{.*}}{minimum = -2 : i64, maximum = 12 : i64}
  // CHECK-DAG: quant.requantize {{.*}}{minimum = 3 : i64}
  %0 = quant.dcast %x : (tensor<2x!a>) -> tensor<2xf32>
  %1 = nn.clip %0 {min = -1.0 : f32, max = 6.0 : f32} : (tensor<2xf32>) -> tensor<2xf32>
  %2 = quant.qcast %1 : (tensor<2xf32>) -> tensor<2x!a>
  %3 = nn.relu %0 : (tensor<2xf32>) -> tensor<2xf32>
  %4 = quant.qcast %3 : (tensor<2xf32>) -> tensor<2x!b>
  func.return %2, %4 : tensor<2x!a>, tensor<2x!b>
}

// CHECK-LABEL: @pools
func.func @pools(%x: tensor<1x1x2x2x!a>) -> (tensor<1x1x1x1x!b>, tensor<1x1x1x1x!b>, tensor<1x1x2x1x!b>) {
  // CHECK-DAG: quant.avg_pool2d {{.*}}{kernel = array<i64: 2, 2>, count_include_pad}
  // CHECK-DAG: quant.reduce_mean {{.*}}{axes = array<i64: 2, 3>}
  // CHECK-DAG: quant.reduce_sum {{.*}}{axes = array<i64: 3>}
  %0 = quant.dcast %x : (tensor<1x1x2x2x!a>) -> tensor<1x1x2x2xf32>
  %1 = nn.avg_pool2d %0 {kernel = array<i64: 2, 2>, count_include_pad} : (tensor<1x1x2x2xf32>) -> tensor<1x1x1x1xf32>
  %2 = quant.qcast %1 : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1x!b>
  %3 = nn.reduce_mean %0 {axes = array<i64: 2, 3>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x1x1xf32>
  %4 = quant.qcast %3 : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1x!b>
  %5 = nn.reduce_sum %0 {axes = array<i64: 3>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x1xf32>
  %6 = quant.qcast %5 : (tensor<1x1x2x1xf32>) -> tensor<1x1x2x1x!b>
  func.return %2, %4, %6 : tensor<1x1x1x1x!b>, tensor<1x1x1x1x!b>, tensor<1x1x2x1x!b>
}

// CHECK-LABEL: @normalizations
func.func @normalizations(%x: tensor<1x4x!a>) -> (tensor<1x4x!b>, tensor<1x4x!b>) {
  // CHECK-DAG: quant.softmax {{.*}}{axis = 1 : i64}
  // CHECK-DAG: quant.layer_norm {{.*}}axis = 1 : i64
  %0 = quant.dcast %x : (tensor<1x4x!a>) -> tensor<1x4xf32>
  %1 = nn.softmax %0 {axis = 1 : i64} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = quant.qcast %1 : (tensor<1x4xf32>) -> tensor<1x4x!b>
  %3 = nn.layer_norm %0 {axis = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %4 = quant.qcast %3 : (tensor<1x4xf32>) -> tensor<1x4x!b>
  func.return %2, %4 : tensor<1x4x!b>, tensor<1x4x!b>
}

// Operands of two types are brought to the type of the result, then moved.
// CHECK-LABEL: @concat
func.func @concat(%x: tensor<2x!a>, %y: tensor<2x!b>) -> tensor<4x!b> {
  // CHECK-NEXT: [[Q:%.*]] = quant.requantize %{{.*}} : (tensor<2x!quant.uniform<i8:f32, 0.5:0>>)
  // CHECK-NEXT: nn.concat [[Q]], %{{.*}} -> tensor<4x!quant.uniform<i8:f32, 0.25:3>>
  // CHECK-NEXT: func.return
  %0 = quant.dcast %x : (tensor<2x!a>) -> tensor<2xf32>
  %1 = quant.dcast %y : (tensor<2x!b>) -> tensor<2xf32>
  %2 = nn.concat %0, %1 {axis = 0 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %3 = quant.qcast %2 : (tensor<4xf32>) -> tensor<4x!b>
  func.return %3 : tensor<4x!b>
}

// Not fully wrapped: another op reads the float sum, or an operand is float.
// CHECK-LABEL: @not_wrapped
func.func @not_wrapped(%x: tensor<2x!a>, %y: tensor<2xf32>) -> (tensor<2x!b>, tensor<2xf32>, tensor<2x!b>) {
  // CHECK: nn.add
  // CHECK: nn.sub
  // CHECK-NOT: quant.add
  %0 = quant.dcast %x : (tensor<2x!a>) -> tensor<2xf32>
  %1 = nn.add %0, %0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %2 = quant.qcast %1 : (tensor<2xf32>) -> tensor<2x!b>
  %3 = nn.sub %0, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = quant.qcast %3 : (tensor<2xf32>) -> tensor<2x!b>
  func.return %2, %1, %4 : tensor<2x!b>, tensor<2xf32>, tensor<2x!b>
}

// Scales too far apart for the integer formula: the op stays float, and says why.
// CHECK-LABEL: @far_apart
func.func @far_apart(%x: tensor<2x!quant.uniform<i8:f32, 1.0e+09:0>>, %y: tensor<2x!a>) -> tensor<2x!a> {
  // CHECK: nn.add {{.*}}note = "stays float: {{.*}}"
  %0 = quant.dcast %x : (tensor<2x!quant.uniform<i8:f32, 1.0e+09:0>>) -> tensor<2xf32>
  %1 = quant.dcast %y : (tensor<2x!a>) -> tensor<2xf32>
  %2 = nn.add %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = quant.qcast %2 : (tensor<2xf32>) -> tensor<2x!a>
  func.return %3 : tensor<2x!a>
}
