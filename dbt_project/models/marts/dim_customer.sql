{{ config(materialized='table') }}

with sales as (
    select * from {{ ref('stg_retail_sales') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

final as (
    select
        customers.customer_key,
        max(struct(sales.invoice_ts, sales.`partition`, sales.position, sales.country)).country as country,
        min(sales.invoice_ts) as first_line_at,
        max(sales.invoice_ts) as last_line_at,
        count(*) as lines
    from sales
    join customers on customers.customer_id = sales.customer_id
    group by customers.customer_key
)

select * from final
