// RUN: not qcc-opt %s -p 'apply-rules{files="%S/Inputs/endless.rules"}' 2>&1 | filecheck %s --check-prefix=ENDLESS
// RUN: not qcc-opt %s -p 'apply-rules{files="%S/Inputs/wrong.rules"}' 2>&1 | filecheck %s --check-prefix=WRONG
// RUN: not qcc-opt %s -p 'apply-rules{files="%S/Inputs/missing.rules"}' 2>&1 | filecheck %s --check-prefix=MISSING

// ENDLESS: endless.rules:{{[0-9]+}}:6: the rules do not come to an end
// ENDLESS: why: after {{[0-9]+}} rewrites these still match: {{there, back|back, there}}

// WRONG: wrong.rules:2:15: unknown operation `nn.hardsigmoid`
// WRONG-NEXT: remedy: did you mean nn.hard_sigmoid

// MISSING: cannot read the rules file
func.func @model(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = nn.exp %x : (tensor<3xf32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}
