# Kinds of resources to which AWS gives a name of its own: ci-apply makes them with our tags (makes) and then touches only what has
# them (writes). `reads` are for what already has them too.

locals {
  ci_network = ["elastic-ip", "internet-gateway", "natgateway", "network-acl", "network-interface", "route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log"]

  ci_by_tag = {
    Network = {
      resources = [for kind in local.ci_network : "${local.ec2}:${kind}/*"]
      reads     = []
      makes = [
        "ec2:AllocateAddress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateNatGateway", "ec2:CreateNetworkAcl", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet",
        "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
      ]
      # Making a subnet asks for the right on its VPC as well, and so on: hence some of the same again.
      writes = [
        "ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs", "ec2:CreateNatGateway", "ec2:CreateNetworkAcl",
        "ec2:CreateNetworkAclEntry", "ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteInternetGateway",
        "ec2:DeleteNatGateway", "ec2:DeleteNetworkAcl", "ec2:DeleteNetworkAclEntry", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc",
        "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute",
        "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceNetworkAclAssociation", "ec2:ReplaceNetworkAclEntry", "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation",
        "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
      ]
    }
    Keys = {
      resources = compact([local.names.key_arn_pattern, one([for region in var.replica_region[*] : "arn:${local.partition}:kms:${region}:${local.account}:key/*"])])
      reads     = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
      makes     = []
      writes = [
        "kms:CreateAlias", "kms:DeleteAlias", "kms:EnableKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
      ]
    }
    Clusters = {
      resources = [local.names.arns.emr_cluster, local.names.arns.emr_serverless]
      reads = [
        "elasticmapreduce:DescribeCluster", "elasticmapreduce:GetAutoTerminationPolicy", "elasticmapreduce:GetManagedScalingPolicy", "elasticmapreduce:ListBootstrapActions", "elasticmapreduce:ListInstanceFleets",
        "elasticmapreduce:ListInstances", "emr-serverless:GetApplication", "emr-serverless:ListTagsForResource",
      ]
      makes = ["elasticmapreduce:AddTags", "emr-serverless:TagResource"]
      writes = [
        "elasticmapreduce:AddInstanceFleet", "elasticmapreduce:ModifyCluster", "elasticmapreduce:ModifyInstanceFleet", "elasticmapreduce:PutAutoTerminationPolicy", "elasticmapreduce:PutManagedScalingPolicy",
        "elasticmapreduce:RemoveAutoTerminationPolicy", "elasticmapreduce:RemoveManagedScalingPolicy", "elasticmapreduce:RemoveTags", "elasticmapreduce:SetTerminationProtection",
        "elasticmapreduce:SetUnhealthyNodeReplacement", "elasticmapreduce:TerminateJobFlows", "emr-serverless:DeleteApplication", "emr-serverless:StopApplication", "emr-serverless:UntagResource",
        "emr-serverless:UpdateApplication",
      ]
    }
    Watching = {
      resources = ["${local.arn_of["aps"]}:workspace/*", "${local.arn_of["aps"]}:rulegroupsnamespace/*/*", "${local.arn_of["grafana"]}:/workspaces/*"]
      reads = [
        "aps:DescribeAlertManagerDefinition", "aps:DescribeLoggingConfiguration", "aps:DescribeRuleGroupsNamespace", "aps:DescribeWorkspace", "aps:ListTagsForResource", "grafana:DescribeWorkspace",
        "grafana:DescribeWorkspaceConfiguration", "grafana:ListTagsForResource",
      ]
      makes = ["aps:CreateRuleGroupsNamespace", "aps:TagResource", "grafana:TagResource"]
      writes = [
        "aps:CreateAlertManagerDefinition", "aps:CreateRuleGroupsNamespace", "aps:DeleteAlertManagerDefinition", "aps:DeleteRuleGroupsNamespace", "aps:DeleteWorkspace", "aps:PutAlertManagerDefinition",
        "aps:PutRuleGroupsNamespace", "aps:UntagResource", "aps:UpdateWorkspaceAlias", "grafana:DeleteWorkspace", "grafana:UntagResource", "grafana:UpdateWorkspace", "grafana:UpdateWorkspaceAuthentication",
        "grafana:UpdateWorkspaceConfiguration",
      ]
    }
    Partners = {
      resources = ["${local.arn_of["transfer"]}:server/*", "${local.arn_of["transfer"]}:user/*/*"]
      reads     = ["transfer:DescribeServer", "transfer:DescribeUser", "transfer:ListTagsForResource"]
      makes     = ["transfer:CreateUser", "transfer:TagResource"]
      writes = [
        "transfer:CreateUser", "transfer:DeleteServer", "transfer:DeleteSshPublicKey", "transfer:DeleteUser", "transfer:ImportSshPublicKey", "transfer:StartServer", "transfer:StopServer", "transfer:UntagResource",
        "transfer:UpdateServer", "transfer:UpdateUser",
      ]
    }
    Warehouse = {
      resources = ["${local.arn_of["redshift-serverless"]}:namespace/*", "${local.arn_of["redshift-serverless"]}:workgroup/*"]
      reads     = ["redshift-serverless:GetNamespace", "redshift-serverless:GetWorkgroup", "redshift-serverless:ListTagsForResource"]
      makes     = ["redshift-serverless:CreateNamespace", "redshift-serverless:CreateWorkgroup", "redshift-serverless:TagResource"]
      writes    = ["redshift-data:ExecuteStatement", "redshift-serverless:DeleteNamespace", "redshift-serverless:DeleteWorkgroup", "redshift-serverless:UntagResource", "redshift-serverless:UpdateNamespace", "redshift-serverless:UpdateWorkgroup"]
    }
  }

  # Where AWS knows neither names nor tags at the time of asking.
  ci_looks = {
    Network = [
      "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeAvailabilityZones", "ec2:DescribeFlowLogs", "ec2:DescribeInternetGateways", "ec2:DescribeManagedPrefixLists", "ec2:DescribeNatGateways",
      "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups",
    ]
    Rest = [
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies", "ce:ListCostAllocationTags", "cloudtrail:DescribeTrails", "config:DescribeConfigRules", "config:DescribeDeliveryChannels",
      "ecs:DescribeTaskDefinition", "elasticmapreduce:DescribeSecurityConfiguration", "elasticmapreduce:GetBlockPublicAccessConfiguration", "kafka:GetBootstrapBrokers", "kafka:ListClustersV2",
      "kafka:ListConfigurations", "kms:ListAliases", "lakeformation:DescribeResource", "lakeformation:GetDataLakeSettings", "lakeformation:GetLFTag", "lakeformation:GetResourceLFTags",
      "lakeformation:ListPermissions", "lakeformation:ListResources", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "redshift-data:DescribeStatement", "redshift-serverless:ListUsageLimits", "sns:GetSubscriptionAttributes",
    ]
  }
  ci_acts = {
    Rest = [
      "ce:CreateAnomalyMonitor", "ce:CreateAnomalySubscription", "ce:CreateCostCategoryDefinition", "ce:UpdateCostAllocationTagsStatus", "config:PutConfigurationRecorder", "config:PutDeliveryChannel", "ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "elasticloadbalancing:SetWebAcl", "elasticmapreduce:CreateSecurityConfiguration", "elasticmapreduce:DeleteSecurityConfiguration",
      "elasticmapreduce:PutBlockPublicAccessConfiguration", "glue:CreateCrawler", "kinesis:DisableEnhancedMonitoring", "kinesis:EnableEnhancedMonitoring", "lakeformation:AddLFTagsToResource", "lakeformation:CreateLFTag", "lakeformation:DeleteLFTag",
      "lakeformation:DeregisterResource", "lakeformation:GrantPermissions", "lakeformation:PutDataLakeSettings", "lakeformation:RegisterResource", "lakeformation:RemoveLFTagsFromResource",
      "lakeformation:RevokePermissions", "lakeformation:UpdateLFTag", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DeleteResourcePolicy", "logs:GetLogDelivery", "logs:ListLogDeliveries",
      "logs:PutResourcePolicy", "logs:UpdateLogDelivery", "redshift-serverless:CreateUsageLimit", "redshift-serverless:DeleteUsageLimit", "redshift-serverless:UpdateUsageLimit",
    ]
    # What is made carries our tags from the first moment.
    Tagged = ["aps:CreateWorkspace", "elasticmapreduce:RunJobFlow", "emr-serverless:CreateApplication", "grafana:CreateWorkspace", "kms:CreateKey", "transfer:CreateServer"]
  }
}
