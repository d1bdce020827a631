"""The query of a sql gate: what measures one number of one table passes, everything else is named and refused."""

import pytest

from tideline.model.gate_query import MAX_LENGTH, names, problems

COLUMNS = ("country", "quantity", "unit_price", "items", "shipping", "batch", "invoice_ts")


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from ${table} where quantity < 0",
        "SELECT sum(quantity) / count(*) FROM ${table}",
        "select count(*) from (select country, count(*) n "
        "from ${table} group by country having count(*) > 10) t where t.n > 3",
        "select count_if(exists(items, x -> x.price < 0)) from ${table}",
        "select max(cast(quantity as decimal(10,2))) - (select min(quantity) from ${table}) from ${table} as t "
        "where t.country in ('a', 'b''c', 'it\\'s') and shipping.city like 'x%'",
        "select count(*) from ${table} a left join ${table} b on a.country = b.country and a.batch <=> b.batch",
        "select count(*) as n from ${table} where invoice_ts < timestamp '2011-01-01' and country rlike '^[a-z]+$'",
        "select max(case when `quantity` > 0 then 1 else 0 end) from ${table} where quantity between 1 and 3",
        "select count(distinct country, invoice_ts) from ${table}",
        "select max(n) from (select count(*) over (partition by country, quantity) as n from ${table})",
    ],
)
def test_one_number_of_the_table_is_a_query(query):
    assert problems(query, COLUMNS) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "one SELECT"),
        ("with a as (select 1) select count(*) from a", "one SELECT"),
        ("select count(*) from other", "not by 'other'"),
        ("select count(*) from ${table}, other", "FROM takes no list"),
        ("select count(*) from ${table}\njoin other on true", "not by 'other'"),
        ("select count(*) from ${table}.history", "from is followed by"),
        ("select count(*) from delta.`/etc/passwd`", "unexpected"),
        ("select count(*) from ${table} where quantity in (select x from y)", "not by 'y'"),
        ("select count(*) from ${table}; drop table x", "';'"),
        ("select count(*) from ${table} union select 1", "'union'"),
        ("select count(*) from ${table} |> drop country", "'|'"),
        ("select transform(country) using 'cat' from ${table}", "'using'"),
        ("select max(reflect('java.lang.System', 'exit', 1)) from ${table}", "function 'reflect'"),
        ("select max(`reflect`('java.lang.System', 'exit', 1)) from ${table}", "function 'reflect'"),
        ("select max(system.builtin.reflect('a', 'b')) from ${table}", "function 'reflect'"),
        ("select cuont(*) from ${table}", "did you mean 'count'"),
        ("select count(*) from ${table} lateral view explode(items) t as x", "'lateral'"),
        ("select quantity from ${table}", "takes an aggregate"),
        ("select count(*), 1 from ${table}", "not several columns"),
        ("select * from ${table}", "not several columns"),
        ("select count(*) from ${table} group by country", "not one per group"),
        ("select count(*) over (partition by country) from ${table}", "not one per group or row"),
        ("select count(*) -- of all\nfrom ${table}", "begins a comment"),
        ("select count(*) /* of all */ from ${table}", "begins a comment"),
        ("select count(r'\\') from ${table} where country = '\\'", "touches a text"),
        ('select count(*) from ${table} where country = "x"', "single quotes"),
        ("select count(*) from ${table} where country = '${env:HOME}'", "the only variable"),
        ("select count(*) from ${table} where country = '${table}'", "inside a text"),
        ("select count(*) from ${table} where country = '{{ x }}'", "mark of a template"),
        ("select count(*) from ${table} where (quantity = 1", "not closed"),
        ("select count(*)) from ${table}", "not opened"),
        ("select count(*) from ${table} where quantiy = 1", "did you mean 'quantity'"),
        ("select count(*) from ${table} where zip = 1", "columns are country"),
        (f"select count(*) from ${{table}} where country = '{'x' * MAX_LENGTH}'", "at most"),
    ],
)
def test_anything_else_is_refused_in_words(query, said):
    assert said in " / ".join(problems(query, COLUMNS))


def test_columns_are_looked_up_only_when_they_are_known():
    assert problems("select count(*) from ${table} where colour = 1") == []


def test_the_names_of_a_query_are_its_columns_and_aliases():
    assert names("select sum(quantity) n from ${table} t where country is null") == {"quantity", "n", "t", "country"}
