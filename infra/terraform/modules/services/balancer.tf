# The way in: one load balancer, TLS only, two target groups of which one has the traffic.

locals {
  colours = local.balanced ? toset(["blue", "green"]) : toset([])
}

resource "aws_lb" "this" {
  count = local.balanced ? 1 : 0

  name                       = local.prefix
  load_balancer_type         = "application"
  internal                   = var.internal
  subnets                    = var.internal ? var.private_subnet_ids : var.public_subnet_ids
  security_groups            = [var.security_group_ids["load-balancer"]]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.deletion_protection
  idle_timeout               = 60
  tags                       = local.tags

  access_logs {
    bucket  = var.bucket_names["logs"]
    prefix  = "alb"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  for_each = local.colours

  name                 = "${local.prefix}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  port                 = local.ports["serving"]
  protocol             = "HTTP"
  deregistration_delay = 30
  tags                 = local.tags

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  # A cursor lives in the task that made it, and a client must not see an older position after a newer one.
  stickiness {
    type            = "lb_cookie"
    enabled         = true
    cookie_duration = 3600
  }
}

resource "aws_lb_listener" "plain" {
  count = local.balanced ? 1 : 0

  load_balancer_arn = aws_lb.this[0].arn
  port              = 80
  protocol          = "HTTP"
  tags              = local.tags

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# `live` is what people use, `test` shows the new colour before the switch. CodeDeploy moves both from colour to colour.
resource "aws_lb_listener" "tls" {
  for_each = local.balanced ? { live = { port = 443, colour = "blue" }, test = { port = var.test_port, colour = "green" } } : {}

  load_balancer_arn = aws_lb.this[0].arn
  port              = each.value.port
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.value.colour].arn
  }

  lifecycle {
    ignore_changes = [default_action]
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = local.balanced && var.firewall != null ? 1 : 0

  resource_arn = aws_lb.this[0].arn
  web_acl_arn  = var.firewall.web_acl_arn
}
