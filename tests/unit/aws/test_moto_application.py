"""What is added to moto does what Terraform needs, and for no other version of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytest.importorskip("moto", reason="moto is not installed: make setup")

from tests.aws.support import moto_application
from tests.aws.support.moto_server import moto_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """Clients of a server, and its record."""
    import boto3

    record = tmp_path_factory.mktemp("server") / "calls.jsonl"
    with moto_server(record) as variables:
        session = boto3.Session("test", "test", region_name=variables["AWS_REGION"])
        yield lambda name: session.client(name, endpoint_url=variables["AWS_ENDPOINT_URL"]), record


def test_another_version_of_moto_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.__version__", "6.0.0")
    with pytest.raises(RuntimeError, match=r"moto is 6\.0\.0"):
        moto_application.patch()


def test_a_connection_tells_its_place_and_can_be_deleted(server: tuple[Any, Path]) -> None:
    glue = server[0]("glue")
    place = {"SubnetId": "subnet-1", "AvailabilityZone": "eu-west-1a"}
    given = {"Name": "c", "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    glue.create_connection(ConnectionInput=given | {"PhysicalConnectionRequirements": place})
    told = glue.get_connection(Name="c")["Connection"]
    assert (told["ConnectionType"], told["PhysicalConnectionRequirements"]) == ("NETWORK", place)
    glue.delete_connection(ConnectionName="c")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_connection(Name="c")


def test_a_saved_query_can_be_deleted(server: tuple[Any, Path]) -> None:
    athena = server[0]("athena")
    query = athena.create_named_query(Name="q", Database="d", QueryString="select 1")["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=query)
    assert query not in athena.list_named_queries()["NamedQueryIds"]


def test_a_rule_between_groups_tells_its_description(server: tuple[Any, Path]) -> None:
    ec2 = server[0]("ec2")
    group = ec2.create_security_group(GroupName="g", Description="g")["GroupId"]
    pair = {"GroupId": group, "Description": "between workers"}
    rule = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 1, "UserIdGroupPairs": [pair]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert "between workers" in [rule.get("Description") for rule in rules]


def test_a_state_machine_is_called_valid_unread(server: tuple[Any, Path]) -> None:
    states = server[0]("stepfunctions")
    assert states.validate_state_machine_definition(definition="{}")["result"] == "OK"


def test_a_function_tells_where_it_logs(server: tuple[Any, Path]) -> None:
    clients, _ = server
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = clients("iam").create_role(RoleName="f", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = BytesIO()
    with ZipFile(code, "w") as packed:
        packed.writestr("f.py", "")
    place = {"LogFormat": "JSON", "LogGroup": "/aws/lambda/f"}
    function = {"FunctionName": "f", "Runtime": "python3.11", "Handler": "f.f", "Role": role}
    clients("lambda").create_function(**function, Code={"ZipFile": code.getvalue()}, LoggingConfig=place)
    assert clients("lambda").get_function(FunctionName="f")["Configuration"]["LoggingConfig"] == place


def test_a_bucket_can_be_emptied_whose_versions_are_no_longer_kept(server: tuple[Any, Path]) -> None:
    s3, bucket = server[0]("s3"), {"Bucket": "emptied"}
    s3.create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**bucket, Key="a", Body=b"x")
    s3.delete_object(**bucket, Key="a")
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Suspended"})
    found = s3.list_object_versions(**bucket)
    versions = [{n: v[n] for n in ("Key", "VersionId")} for v in (*found["Versions"], *found["DeleteMarkers"])]
    s3.delete_objects(**bucket, Delete={"Objects": versions})
    s3.delete_bucket(**bucket)


def test_a_trail_is_removed_by_its_arn(server: tuple[Any, Path]) -> None:
    s3, trails = server[0]("s3"), server[0]("cloudtrail")
    s3.create_bucket(Bucket="trails", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    arn = trails.create_trail(Name="told", S3BucketName="trails")["TrailARN"]
    trails.delete_trail(Name=arn)
    assert trails.describe_trails()["trailList"] == []


def test_a_machine_has_the_groups_of_its_interface_and_no_public_address_unasked(server: tuple[Any, Path]) -> None:
    ec2 = server[0]("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="m", Description="m", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": False}
    asked = {"ImageId": "ami-03cf127a", "MinCount": 1, "MaxCount": 1, "NetworkInterfaces": [interface]}
    (machine,) = ec2.run_instances(**asked)["Instances"]
    told = ec2.describe_instances(InstanceIds=[machine["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert [found["GroupId"] for found in told["SecurityGroups"]] == [group]
    assert "Association" not in told["NetworkInterfaces"][0]


def test_calls_are_recorded_with_who_made_them(server: tuple[Any, Path]) -> None:
    clients, record = server
    s3 = clients("s3")
    s3.create_bucket(Bucket="recorded", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="recorded", Key="a b/c", Body=b"x", ServerSideEncryption="aws:kms")
    assert "SSEKMSKeyId" not in s3.head_object(Bucket="recorded", Key="a b/c")
    s3.delete_objects(Bucket="recorded", Delete={"Objects": [{"Key": "a b/c"}]})
    told = [json.loads(line) for line in record.read_text().splitlines()]
    made = [(t["who"], t["method"], t["path"], t["body"]) for t in told if t["path"].startswith("/recorded")]
    assert made[1:] == [
        ("test", "PUT", "/recorded/a b/c", {}),
        ("test", "HEAD", "/recorded/a b/c", {}),
        ("test", "POST", "/recorded", {"keys": ["a b/c"]}),
    ]
