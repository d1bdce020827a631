{{ config(materialized='table') }}

with sales as (
    select * from {{ ref('stg_retail_sales') }}
),

final as (
    select
        stock_code,
        max(struct(invoice_ts, `partition`, position, description)) filter (where description is not null)
            .description as description,
        min(invoice_ts) as first_sold_at,
        max(invoice_ts) as last_sold_at,
        count(*) as lines
    from sales
    group by stock_code
)

select * from final
