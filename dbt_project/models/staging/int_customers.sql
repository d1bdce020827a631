{{ config(materialized='ephemeral') }}

with sales as (
    select * from {{ ref('stg_retail_sales') }}
),

first_lines as (
    select
        customer_id,
        min(struct(batch, `partition`, position)) as first_line
    from sales
    where customer_id is not null
    group by customer_id
)

select
    customer_id,
    concat('c', first_line.`partition`, '-', first_line.position) as customer_key
from first_lines
