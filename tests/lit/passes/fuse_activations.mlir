// RUN: qcc-opt %s -p fuse-activations | filecheck %s

!a = !quant.uniform<i8:f32, 0.5:0>

// CHECK-LABEL: @fuse
func.func @fuse(%x: tensor<4x!a>, %y: tensor<4x!a>) -> tensor<4x!a> {
  // CHECK-NEXT: quant.add {{.*}}{tensor = "clipped", maximum = 12 : i64, minimum = 0 : i64}
  // CHECK-NEXT: func.return
  %0 = quant.add %x, %y {tensor = "sum", maximum = 20 : i64} : (tensor<4x!a>, tensor<4x!a>) -> tensor<4x!a>
  %1 = quant.clamp %0 {minimum = 0 : i64} : (tensor<4x!a>) -> tensor<4x!a>
  %2 = quant.clamp %1 {tensor = "clipped", maximum = 12 : i64} : (tensor<4x!a>) -> tensor<4x!a>
  func.return %2 : tensor<4x!a>
}

// CHECK-LABEL: @other_use
func.func @other_use(%x: tensor<4x!a>, %y: tensor<4x!a>) -> (tensor<4x!a>, tensor<4x!a>) {
  // CHECK-NEXT: quant.add
  // CHECK-NEXT: quant.clamp
  %0 = quant.add %x, %y : (tensor<4x!a>, tensor<4x!a>) -> tensor<4x!a>
  %1 = quant.clamp %0 {minimum = 0 : i64} : (tensor<4x!a>) -> tensor<4x!a>
  func.return %0, %1 : tensor<4x!a>, tensor<4x!a>
}

// CHECK-LABEL: @drop
func.func @drop(%x: tensor<4x!a>) -> tensor<4x!a> {
  // CHECK-NEXT: func.return
  %0 = quant.clamp %x : (tensor<4x!a>) -> tensor<4x!a>
  func.return %0 : tensor<4x!a>
}

// CHECK-LABEL: @hoist
func.func @hoist(%x: tensor<1x1x2x2x!a>, %y: tensor<1x1x2x2x!a>) -> tensor<1x1x1x1x!a> {
  // CHECK-NEXT: quant.mul {{.*}}minimum = 0 : i64
  // CHECK-NEXT: nn.max_pool2d {{.*}}tensor = "relu"
  // CHECK-NEXT: func.return
  %0 = quant.mul %x, %y : (tensor<1x1x2x2x!a>, tensor<1x1x2x2x!a>) -> tensor<1x1x2x2x!a>
  %1 = nn.max_pool2d %0 {tensor = "pool", kernel = array<i64: 2, 2>} : (tensor<1x1x2x2x!a>) -> tensor<1x1x1x1x!a>
  %2 = quant.clamp %1 {tensor = "relu", minimum = 0 : i64} : (tensor<1x1x1x1x!a>) -> tensor<1x1x1x1x!a>
  func.return %2 : tensor<1x1x1x1x!a>
}
