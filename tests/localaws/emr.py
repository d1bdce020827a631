"""EMR on EC2: instance fleets, managed scaling and auto-termination, which moto does not know.

A fleet is what was asked for, provisioned at once. Nothing starts a machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.emr.models import Cluster, Ec2InstanceAttributes
from moto.emr.responses import ElasticMapReduceResponse as Emr
from moto.moto_api._internal import mock_random

_KEPT = ("LogEncryptionKmsKeyId", "ScaleDownBehavior")  # of RunJobFlow, given back by DescribeCluster
_run_job_flow, _attributes = Emr.run_job_flow, Ec2InstanceAttributes.__init__


def fleet(asked: Any) -> dict[str, Any]:
    """An InstanceFleetConfig as ListInstanceFleets shows it."""
    on_demand, spot = asked.get("TargetOnDemandCapacity") or 0, asked.get("TargetSpotCapacity") or 0
    return {
        "Id": "if-" + mock_random.get_random_string(length=13, include_digits=True).upper(),
        "Name": asked.get("Name"),
        "InstanceFleetType": asked["InstanceFleetType"],
        "Status": {"State": "RUNNING"},
        "TargetOnDemandCapacity": on_demand,
        "TargetSpotCapacity": spot,
        "ProvisionedOnDemandCapacity": on_demand,
        "ProvisionedSpotCapacity": spot,
        "LaunchSpecifications": asked.get("LaunchSpecifications"),
        "InstanceTypeSpecifications": [_specification(one) for one in asked.get("InstanceTypeConfigs") or []],
    }


def _specification(asked: Any) -> dict[str, Any]:
    kept = ("InstanceType", "WeightedCapacity", "BidPrice", "BidPriceAsPercentageOfOnDemandPrice", "Configurations")
    disks = (asked.get("EbsConfiguration") or {}).get("EbsBlockDeviceConfigs") or []
    volumes = [one["VolumeSpecification"] for one in disks for _ in range(one.get("VolumesPerInstance") or 1)]
    devices = [{"VolumeSpecification": one, "Device": f"/dev/sd{chr(98 + at)}"} for at, one in enumerate(volumes)]
    return {name: asked.get(name) for name in kept} | {"EbsBlockDevices": devices}


def run_job_flow(self: Any) -> ActionResult:
    answer = _run_job_flow(self)
    asked = self._get_params()
    cluster = self.backend.clusters[answer.result["JobFlowId"]]
    _extend(cluster)
    for name in _KEPT:
        setattr(cluster, name, asked.get(name))
    instances = asked["Instances"]
    cluster.requested_subnets = instances.get("Ec2SubnetIds")
    cluster.UnhealthyNodeReplacement = instances.get("UnhealthyNodeReplacement")
    cluster.fleets = [fleet(one) for one in instances.get("InstanceFleets") or []]
    if cluster.fleets:
        cluster.InstanceCollectionType = "INSTANCE_FLEET"
    cluster.auto_termination = asked.get("AutoTerminationPolicy")
    return answer


def _extend(cluster: Cluster) -> None:
    cluster.fleets, cluster.auto_termination, cluster.managed_scaling = [], None, None


def attributes(self: Any, cluster: Any) -> None:
    _attributes(self, cluster)
    self.RequestedEc2SubnetIds = getattr(cluster, "requested_subnets", None)


def add_instance_fleet(self: Any) -> ActionResult:
    cluster = self.backend.clusters[self._get_param("ClusterId")]
    made = fleet(self._get_params()["InstanceFleet"])
    cluster.fleets.append(made)
    return ActionResult({"ClusterId": cluster.id, "InstanceFleetId": made["Id"], "ClusterArn": cluster.arn})


def list_instance_fleets(self: Any) -> ActionResult:
    return ActionResult({"InstanceFleets": self.backend.clusters[self._get_param("ClusterId")].fleets})


def modify_instance_fleet(self: Any) -> ActionResult:
    """What scaling does, and what Terraform does to a task fleet that it removes: there is no call that deletes one."""
    asked = self._get_params()["InstanceFleet"]
    cluster = self.backend.clusters[self._get_param("ClusterId")]
    found = next(one for one in cluster.fleets if one["Id"] == asked["InstanceFleetId"])
    for market in ("OnDemand", "Spot"):
        if asked.get(f"Target{market}Capacity") is not None:
            found[f"Target{market}Capacity"] = found[f"Provisioned{market}Capacity"] = asked[f"Target{market}Capacity"]
    return EmptyResult()


def setting(attribute: str, name: str) -> tuple[Callable[[Any], ActionResult], ...]:
    """get, put and remove of one document of a cluster."""

    def get(self: Any) -> ActionResult:
        found = getattr(self.backend.clusters[self._get_param("ClusterId")], attribute)
        return ActionResult({name: found} if found else {})

    def put(self: Any) -> ActionResult:
        setattr(self.backend.clusters[self._get_param("ClusterId")], attribute, self._get_params()[name])
        return EmptyResult()

    def remove(self: Any) -> ActionResult:
        setattr(self.backend.clusters[self._get_param("ClusterId")], attribute, None)
        return EmptyResult()

    return get, put, remove


def install() -> None:
    Emr.run_job_flow = run_job_flow
    Ec2InstanceAttributes.__init__ = attributes
    for operation in (add_instance_fleet, list_instance_fleets, modify_instance_fleet):
        setattr(Emr, operation.__name__, operation)
    for policy in ("auto_termination", "managed_scaling"):
        name = "".join(word.title() for word in policy.split("_")) + "Policy"
        for verb, operation in zip(("get", "put", "remove"), setting(policy, name), strict=True):
            setattr(Emr, f"{verb}_{policy}_policy", operation)


install()
