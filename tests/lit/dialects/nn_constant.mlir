// RUN: QCC_ROUNDTRIP

// Constants: small ones in the text, big ones by digest.

// CHECK-LABEL: func.func @model
func.func @model() {
  // CHECK-NEXT: %{{.*}} = nn.constant dense<[1.000000e+00, 2.500000e+00]> : tensor<2xf32> -> tensor<2xf32>
  %c = nn.constant dense<[1.0, 2.5]> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %{{.*}} = nn.constant dense<-3> : tensor<i64> -> tensor<i64>
  %i = nn.constant dense<-3> : tensor<i64> -> tensor<i64>
  // CHECK-NEXT: %{{.*}} = nn.constant dense<[1, -127]> : tensor<2xi8> -> tensor<2x!quant.uniform<i8:f32, 0.5:3>>
  %q = nn.constant dense<[1, -127]> : tensor<2xi8> -> tensor<2x!quant.uniform<i8:f32, 0.5:3>>
  // CHECK-NEXT: %{{.*}} = nn.constant #blob.array<"0123456789abcdef", tensor<64x3x3x3xf32>> -> tensor<64x3x3x3xf32>
  %b = nn.constant #blob.array<"0123456789abcdef", tensor<64x3x3x3xf32>> -> tensor<64x3x3x3xf32>
  func.return
}
