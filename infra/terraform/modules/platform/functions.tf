locals {
  functions = local.code ? {
    bucket = module.artifacts[0].objects["functions/functions.zip"].bucket
    key    = module.artifacts[0].objects["functions/functions.zip"].key
    sha256 = module.artifacts[0].objects["functions/functions.zip"].sha256_base64
  } : null
}
