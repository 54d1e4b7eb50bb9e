// RUN: QCC_ROUNDTRIP

// Elementwise functions of one operand.

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<4xf32>, %i: tensor<4xi64>) {
  // CHECK-NEXT: %{{.*}} = nn.relu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %relu = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.sigmoid %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %sigmoid = nn.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.hard_swish %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %hard_swish = nn.hard_swish %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.silu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %silu = nn.silu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.softplus %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %softplus = nn.softplus %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %tanh = nn.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.erf %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %erf = nn.erf %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.sqrt %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %sqrt = nn.sqrt %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.exp %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %exp = nn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.log %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %log = nn.log %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.reciprocal %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %reciprocal = nn.reciprocal %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.neg %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %neg = nn.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.abs %{{.*}} : (tensor<4xi64>) -> tensor<4xi64>
  %abs = nn.abs %i : (tensor<4xi64>) -> tensor<4xi64>
  // CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %c0 = nn.clip %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.clip %{{.*}} {min = -1.500000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %c1 = nn.clip %x {min = -1.500000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.leaky_relu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %l0 = nn.leaky_relu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.leaky_relu %{{.*}} {alpha = 2.500000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %l1 = nn.leaky_relu %x {alpha = 2.500000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.elu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %e0 = nn.elu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.elu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %e1 = nn.elu %x {alpha = 5.000000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %h0 = nn.hard_sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.hard_sigmoid %{{.*}} {alpha = 2.500000e-01 : f32, beta = 7.500000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %h1 = nn.hard_sigmoid %x {alpha = 2.500000e-01 : f32, beta = 7.500000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
  %g0 = nn.gelu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %{{.*}} = nn.gelu %{{.*}} {approximate = "tanh"} : (tensor<4xf32>) -> tensor<4xf32>
  %g1 = nn.gelu %x {approximate = "tanh"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return
}
