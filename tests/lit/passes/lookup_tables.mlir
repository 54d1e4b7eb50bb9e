// RUN: qcc-opt %s -p lookup-tables | filecheck %s

!a = !quant.uniform<i8:f32, 0.5:0>
!b = !quant.uniform<i8:f32, 0.00390625:-128>

// CHECK-LABEL: @chain
func.func @chain(%x: tensor<4x!a>) -> tensor<4x!b> {
  // CHECK-NEXT: quant.lookup %{{.*}} {tensor = "y", table = #blob.array<"{{.*}}", tensor<256xi8>>}
  // CHECK-NEXT: func.return
  %c = nn.constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = nn.mul %c, %0 : (tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.relu %1 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = nn.sigmoid %2 : (tensor<4xf32>) -> tensor<4xf32>
  %4 = quant.qcast %3 {tensor = "y"} : (tensor<4xf32>) -> tensor<4x!b>
  func.return %4 : tensor<4x!b>
}

// CHECK-LABEL: @merge
func.func @merge(%x: tensor<4x!a>) -> tensor<4x!b> {
  // CHECK-NEXT: quant.lookup
  // CHECK-NEXT: func.return
  %0 = quant.requantize %x : (tensor<4x!a>) -> tensor<4x!b>
  %1 = quant.dcast %0 : (tensor<4x!b>) -> tensor<4xf32>
  %2 = nn.sigmoid %1 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = quant.qcast %2 : (tensor<4xf32>) -> tensor<4x!b>
  %4 = quant.clamp %3 {minimum = 0 : i64} : (tensor<4x!b>) -> tensor<4x!b>
  func.return %4 : tensor<4x!b>
}

// GELU as a product: a function of one value is a table, however it is written.
// CHECK-LABEL: @operands
func.func @operands(%x: tensor<4x!a>) -> tensor<4x!a> {
  // CHECK-NEXT: quant.lookup %x {tensor = "y",
  // CHECK-NEXT: func.return
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = nn.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = quant.qcast %1 : (tensor<4xf32>) -> tensor<4x!b>
  %3 = quant.mul %x, %2 {tensor = "y"} : (tensor<4x!a>, tensor<4x!b>) -> tensor<4x!a>
  func.return %3 : tensor<4x!a>
}

// CHECK-LABEL: @other
func.func @other(%x: tensor<4x!a>, %y: tensor<4x!a>) -> tensor<4x!a> {
  // CHECK: quant.mul
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = nn.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = quant.qcast %1 : (tensor<4xf32>) -> tensor<4x!b>
  %3 = quant.mul %y, %2 : (tensor<4x!a>, tensor<4x!b>) -> tensor<4x!a>
  func.return %3 : tensor<4x!a>
}

// A float use of the function keeps it float; two tensors are no table.
// CHECK-LABEL: @not
func.func @not(%x: tensor<4x!a>) -> (tensor<4x!b>, tensor<4xf32>, tensor<4x!b>) {
  // CHECK-NOT: quant.lookup
  %0 = quant.dcast %x : (tensor<4x!a>) -> tensor<4xf32>
  %1 = nn.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = quant.qcast %1 : (tensor<4xf32>) -> tensor<4x!b>
  %3 = nn.max %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = quant.qcast %3 : (tensor<4xf32>) -> tensor<4x!b>
  func.return %2, %1, %4 : tensor<4x!b>, tensor<4xf32>, tensor<4x!b>
}
